/** Answers of an emulated Didomi API, before they are sent. */

/** `body` is sent as JSON; without one nothing is. */
export interface DidomiReply {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const NAMES: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'NotAuthenticated',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  429: 'TooManyRequests',
  501: 'NotImplemented',
}

/** Didomi: the body of every error; `errors` is an object where nothing is said in particular, and a list where it is. */
export function didomiRefusal(status: number, message?: string, errors: readonly object[] = []): DidomiReply {
  const name = NAMES[status] ?? 'Fault'
  const body = { code: status, name, message: message ?? `${name} (emulated)`, errors: errors.length > 0 ? errors : {} }
  return { status, body }
}
