/** A refusal as Dataverse words it: an HTTP status, an error code that is unrelated to it, and a message. */

/** Thrown by every handler of the emulator; the edge turns it into `{"error":{"code","message"}}`. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  /** True where the emulator does not know what was asked; counted, so that tests can assert that it never happened. */
  readonly notUnderstood: boolean

  constructor(status: number, code: string, message: string, notUnderstood = false) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.notUnderstood = notUnderstood
  }
}

/** A malformed OData request: unknown property or key, missing header (Dataverse: `0x80060888`). */
export function badRequest(message: string): ApiError {
  return new ApiError(400, '0x80060888', message)
}

/** A syntax error in a URL or a query (Dataverse: `0x8006088a`). */
export function badSyntax(message: string): ApiError {
  return new ApiError(400, '0x8006088a', message)
}

/** A payload that does not fit the table: undeclared property, wrong type (Dataverse: `0x80048d19`). */
export function badPayload(message: string): ApiError {
  return new ApiError(400, '0x80048d19', `Error identified in Payload provided by the user. ${message}`)
}

/** Something that may exist in Dataverse but not in this emulator: refused loudly instead of guessed. */
export function notUnderstood(what: string): ApiError {
  return new ApiError(501, '0x80060888', `The emulator does not understand ${what}.`, true)
}
