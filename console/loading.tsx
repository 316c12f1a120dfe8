import type { ComponentChildren } from 'preact'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'

/** What was loaded, or why it was not. */
export interface Loaded<Data> {
  data: Data | null
  failure: string | null
  /** Loads again; what was loaded before is shown meanwhile. */
  reload (): void
}

/** Loads when a view is shown, and again when `key` changes; of two answers the one to the later question counts. */
export function useLoaded<Data> (load: () => Promise<Data>, key: string): Loaded<Data> {
  const [data, setData] = useState<Data | null>(null)
  const [failure, setFailure] = useState<string | null>(null)
  const asked = useRef(0)
  const reload = useCallback(() => {
    const question = ++asked.current
    load().then(
      answer => { if (question === asked.current) { setData(answer); setFailure(null) } },
      (error: unknown) => { if (question === asked.current) setFailure((error as Error).message) })
  }, [key])
  useEffect(reload, [reload])
  return { data, failure, reload }
}

/** Why something did not work; read out by screen readers. */
export function Failure ({ text }: { text: string | null }) {
  return <p role='alert' class={text === null ? '' : 'refusal'}>{text}</p>
}

/** A table, or what to say where it would be empty. */
export function Table ({ head, rows, none }: { head: string[], rows: ComponentChildren[][], none: string }) {
  if (rows.length === 0) return <p>{none}</p>
  return (
    <div class='wide'>
      <table>
        <thead><tr>{head.map(name => <th key={name} scope='col'>{name}</th>)}</tr></thead>
        <tbody>{rows.map((cells, row) => <tr key={row}>{cells.map((cell, n) => <td key={n}>{cell}</td>)}</tr>)}</tbody>
      </table>
    </div>
  )
}

/** A time in the operator's own zone. */
export function Time ({ at }: { at: string | null }) {
  return at === null ? <span>–</span> : <time dateTime={at}>{new Date(at).toLocaleString()}</time>
}
