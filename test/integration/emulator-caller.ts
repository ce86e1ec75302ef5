/** A plain HTTP caller of the emulator: signs in once, sends, returns what came back. */
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/emulator.ts'
import { DEFAULT_APP_ID, DEFAULT_SECRET } from '../../src/emulator/seed-ids.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed body; `undefined` where it is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes and assert every part they read
  readonly json: any
}

export interface Caller {
  readonly emulator: Emulator
  readonly api: string
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>
  patch(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>
  batch(lines: readonly string[], headers?: Record<string, string>): Promise<Answer>
  control(method: string, path: string, body?: unknown): Promise<Answer>
}

/** Asks for a token the way a confidential client does. */
export async function askToken(url: string, overrides: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/acme.example.com/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: DEFAULT_APP_ID,
      client_secret: DEFAULT_SECRET,
      scope: `${url}/.default`,
      ...overrides,
    }),
  })
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text()
  const isJson = (response.headers.get('content-type') ?? '').includes('json') && text !== ''
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined }
}

/** Starts an emulator and signs in to it. Whoever opens it closes `emulator`. */
export async function openCaller(options: EmulatorOptions = {}, version = 'v9.2'): Promise<Caller> {
  const emulator = await startEmulator(options)
  const { access_token: token } = (await (await askToken(emulator.url)).json()) as { access_token: string }
  const api = `${emulator.url}/api/data/${version}`
  const send: Caller['send'] = async (method, path, body, headers = {}) => {
    const url = path.startsWith('http') ? path : `${api}/${path}`
    const json = body === undefined ? {} : { 'Content-Type': 'application/json' }
    const init = { method, headers: { Authorization: `Bearer ${token}`, ...json, ...headers } }
    const content = typeof body === 'string' ? body : JSON.stringify(body)
    return answerOf(await fetch(url, body === undefined ? init : { ...init, body: content }))
  }
  return {
    emulator,
    api,
    send,
    get: (path, headers) => send('GET', path, undefined, headers),
    post: (path, body, headers) => send('POST', path, body, headers),
    patch: (path, body, headers) => send('PATCH', path, body, headers),
    batch: (lines, headers) =>
      send('POST', '$batch', lines.join('\r\n'), { 'Content-Type': 'multipart/mixed; boundary="batch_1"', ...headers }),
    control: async (method, path, body) => {
      const init = { method, headers: { 'Content-Type': 'application/json' } }
      const content = body === undefined ? init : { ...init, body: JSON.stringify(body) }
      return answerOf(await fetch(`${emulator.url}/__emulator/${path}`, content))
    },
  }
}

/** A contact id that is easy to read in a failing test. */
export function id(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
}
