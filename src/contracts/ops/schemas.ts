import { Type } from '@sinclair/typebox'
import { failureSchemas, textOf } from '../../http/failure-schemas.js'
import { replyOf } from '../../http/schemas.js'
import { opsCodes, opsErrors } from './errors.js'

const Status = Type.Object({
  success: Type.Literal(true), data: Type.Object({ status: Type.String() })
}, { title: 'StatusResponse' })

export const Alive = replyOf(Status, 'The process is alive', { success: true, data: { status: 'alive' } })
export const Ready = replyOf(Status, 'The process can answer requests', { success: true, data: { status: 'ready' } })

/** A text is not JSON, so its schema has a media type of its own. */
export const MetricsText = {
  description: 'Metrics in the text format of Prometheus',
  content: {
    'text/plain': {
      schema: Type.String(),
      example: '# TYPE keyturn_validation_cache_tokens gauge\nkeyturn_validation_cache_tokens 42\n'
    }
  }
}

const ErrorBody = Type.Object({
  success: Type.Literal(false),
  error: Type.Object({
    code: textOf('ErrorCode', 'What is wrong; decide by it', opsCodes),
    message: Type.String({ description: 'For people; may change' })
  })
}, { title: 'Error' })

export const failures = failureSchemas(opsErrors, ErrorBody)
