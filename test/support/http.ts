export interface Reply {
  status: number
  headers: Headers
  text: string
  /** The parsed body; `undefined` when there is none. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into bodies of every shape
  body: any
}

/** Sends one request and reads its whole reply. */
export async function send (url: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url, init)
  const text = await response.text()
  const isJson = text !== '' && response.headers.get('content-type')?.startsWith('application/json') === true
  return {
    status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) as unknown : undefined
  }
}

/** Posts JSON. */
export function post (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
  return send(url, {
    method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body)
  })
}
