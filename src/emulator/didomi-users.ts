/** Users of an emulated Didomi API, in pages. A user is whatever a test says, also what no user should be. */

/** Didomi: the envelope of `GET /consents/users`. */
export interface DidomiPage {
  readonly data: readonly unknown[]
  readonly limit: number
  readonly cursor: string | null
}

/**
 * The users that a query asks for: of the allowed regulations (GDPR only where none is named), from the cursor on. A full
 * page has a cursor even if nothing follows it. `undefined` for a cursor that is none of ours.
 */
export function didomiPage(users: readonly unknown[], query: URLSearchParams, limit: number): DidomiPage | undefined {
  const named = [...query.getAll('regulation'), ...query.getAll('regulation[$in]')]
  const allowed = named.length === 0 ? ['gdpr'] : named.map((name) => name.toLowerCase())
  const matching = users.filter((user) => allowed.includes(regulationOf(user)))
  const cursor = query.get('$cursor')
  const start = cursor === null ? 0 : startOf(cursor)
  if (start === undefined) return undefined
  const data = matching.slice(start, start + limit)
  return { data, limit, cursor: data.length < limit ? null : cursorAt(start + limit) }
}

function regulationOf(user: unknown): string {
  const { regulation } = (user ?? {}) as { readonly regulation?: unknown }
  return typeof regulation === 'string' ? regulation.toLowerCase() : 'gdpr'
}

/** Opaque to callers. */
const cursorAt = (start: number): string => Buffer.from(`users after ${start}`).toString('base64')

function startOf(cursor: string): number | undefined {
  const match = /^users after (\d+)$/.exec(Buffer.from(cursor, 'base64').toString())
  return match === null ? undefined : Number(match[1])
}
