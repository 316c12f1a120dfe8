import { useState } from 'preact/hooks'
import { createApi, type Refused } from './api.js'
import { Failure } from './loading.js'

/** Asks for the admin token, or an access token of a client that may read; tries it before it is taken. */
export function SignIn ({ onToken }: { onToken: (token: string) => void }) {
  const [failure, setFailure] = useState<string | null>(null)

  async function submit (event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const token = String(new FormData(event.currentTarget as HTMLFormElement).get('token')).trim()
    try {
      await createApi(token).get('/stats')
      onToken(token)
    } catch (error) {
      const { status, message } = error as Refused
      setFailure(status === 401 ? 'This token is not valid here.' : message)
    }
  }

  return (
    <main>
      <h1>Keyturn console</h1>
      <form onSubmit={event => { submit(event).catch(() => {}) }}>
        <p>
          <label for='token'>Admin token</label><br />
          <input id='token' name='token' type='password' autocomplete='off' required />
        </p>
        <p>It is kept until this page is closed or loaded again, and stored nowhere.</p>
        <button>Sign in</button>
      </form>
      <Failure text={failure} />
    </main>
  )
}
