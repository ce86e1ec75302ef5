/** What persons say and what Dataverse holds in tests of delivery; every time is told from one beginning. */

/** When every world begins. */
export const BEGIN = '2026-03-01T12:00:00Z'
export const SECONDS = 1_000
export const HOURS = 3_600 * SECONDS
export const DAYS = 24 * HOURS

export const CONSENTS = 'msdynmkt_contactpointconsent4'
export const OPTED_IN = 534120001
export const OPTED_OUT = 534120002
export const NOT_SET = 534120000

/** The n-th id of a test. */
export const id = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`

/** A time so many milliseconds since the beginning (before it, where negative). */
export const since = (ms: number): string => new Date(Date.parse(BEGIN) + ms).toISOString()

/** What one Didomi user says; times are RFC 3339. */
export interface Saying {
  readonly ouid: string
  readonly at: string
  readonly user?: string
  readonly version?: number
  readonly yes?: readonly string[]
  readonly no?: readonly string[]
  /** Purpose → preference → comma-separated set. */
  readonly sets?: Readonly<Record<string, Readonly<Record<string, string | null>>>>
  readonly country?: string
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly events?: readonly Readonly<Record<string, unknown>>[]
}

/** The line that Didomi would export. */
export function lineOf({ ouid, at, user = 'device-1', version = 1, yes = [], no = [], sets = {}, ...rest }: Saying) {
  const { events = [], ...attributes } = rest
  const ids = new Set([...yes, ...no, ...Object.keys(sets)])
  const purposes = [...ids].map((purpose) => ({
    id: purpose,
    ...(yes.includes(purpose) ? { enabled: true } : no.includes(purpose) ? { enabled: false } : {}),
    values: Object.fromEntries(Object.entries(sets[purpose] ?? {}).map(([name, value]) => [name, { value }])),
  }))
  return {
    user: { id: user, organization_user_id: ouid, version, updated_at: at, ...attributes, consents: { purposes } },
    events,
  }
}

/** An event in which the purpose `news` is chosen. */
export function newsEvent(at: string, enabled: boolean): Record<string, unknown> {
  return { id: `e-${Date.parse(at)}`, created_at: at, consents: { purposes: [{ id: 'news', enabled }] } }
}

/** Somebody says yes or no to `news` at a time that an event tells exactly. */
export function saysNews(ouid: string, yes: boolean, at: string): Saying {
  return { ouid, at, ...(yes ? { yes: ['news'] } : { no: ['news'] }), events: [newsEvent(at, yes)] }
}

/** Rows of the emulator: a consent as somebody in Dynamics made it. */
export function consentRow(
  n: number,
  {
    address,
    value,
    purpose,
    topic,
    at,
    ...more
  }: {
    readonly address: string
    readonly value: number | null
    readonly purpose: string
    readonly topic?: string
    readonly at: string
  } & Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return {
    [`${CONSENTS}id`]: id(n),
    msdynmkt_contactpointvalue: address,
    msdynmkt_contactpointtype: 534120000,
    msdynmkt_contactpointconsenttype: topic === undefined ? 534120000 : 534120001,
    msdynmkt_value: value,
    msdynmkt_purposeid: purpose,
    ...(topic === undefined ? {} : { msdynmkt_topicid: topic }),
    msdynmkt_reason: 'by hand',
    createdon: at,
    modifiedon: at,
    ...more,
  }
}
