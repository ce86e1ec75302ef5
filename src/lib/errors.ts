/** The one registry of error codes, and the one error class: every failure says what happens next and what to do. */

/**
 * What happens after an error, which is also how errors are classified (semantics §9 gives the exit code of each).
 *
 * - `defect`: a promise of our own is broken; exit 1, please report.
 * - `configuration`: nobody but the operator can mend it; exit 2, nothing was written.
 * - `authorisation`: credentials or privileges; exit 3.
 * - `source`: the export is unreadable or damaged; it stays pending, exit 4.
 * - `deferred`: the work stays due and the next run takes it up; exit 6.
 * - `lease`: another run holds the store; exit 7.
 * - `brake`: the run would flip too much; exit 9 until a plan is accepted.
 * - `interrupted`, `terminated`: SIGINT or SIGTERM stopped the run; exit 130 or 143.
 */
export type Next =
  | 'defect'
  | 'configuration'
  | 'authorisation'
  | 'source'
  | 'deferred'
  | 'lease'
  | 'brake'
  | 'interrupted'
  | 'terminated'

/** Every code with what happens next. How each comes about and what mends it is told in `error-manual.ts`. */
export const ERROR_CODES = {
  /** An invariant of ours does not hold. Keep the store file and report the code with the run's JSON report. */
  defect: 'defect',
  /** The outcome sums of semantics §8.4 do not add up. Nothing is lost (persons stay due), but report it. */
  'sum-broken': 'defect',
  /** The configuration file is missing, unreadable, not YAML or JSON, or breaks the schema. Every problem is listed. */
  'config-invalid': 'configuration',
  /** A secret's reference (`${env:…}`, `${file:…}`) names something that is not there. */
  'secret-missing': 'configuration',
  /** The Didomi integration document is of none of the three known forms, or breaks its form. */
  'document-invalid': 'configuration',
  /** One or more mapping entries cannot work (semantics §4, §5.5, §6.1). All are listed before the first write. */
  'mapping-invalid': 'configuration',
  /** A command-line flag is unknown, missing or malformed. */
  usage: 'configuration',
  /** Settings that shape ingest changed (semantics §8.6): run again with `--rebuild` from a complete archive. */
  'rebuild-needed': 'configuration',
  /** The store is empty but Dataverse holds rows with our marker (semantics §8.8): run with `--adopt-environment`. */
  'environment-used': 'configuration',
  /** The file given to `apply` is no plan, or not a whole one. */
  'plan-unreadable': 'configuration',
  /** Export, configuration or rows are not those of the plan any more; nothing was written. Plan again. */
  'plan-moved': 'configuration',
  /** A report cannot be written to its folder, or put to `report.to`. A run is as good as it was; its report is in the store. */
  'report-unwritable': 'configuration',
  /** The store file cannot be opened, is of a newer version, or its disk is full or read-only. */
  'store-unusable': 'configuration',
  /** Dataverse refuses a request as malformed or names an unknown column or table: mapping and table have parted. */
  'dataverse-rejects-request': 'configuration',
  /** Entra ID (or AD FS) gives no token: check client id, secret or certificate, tenant, authority. */
  'token-refused': 'authorisation',
  /** Dataverse answers 401 although the token is fresh: check the instance URL and the application user. */
  unauthenticated: 'authorisation',
  /** Dataverse answers 403: the message names the missing privilege or the missing application user. */
  forbidden: 'authorisation',
  /** A user of PostgreSQL may not copy the store, so that nothing can be looked at without touching it: grant what is named. */
  'store-copy-forbidden': 'authorisation',
  /** The bucket, its key (KMS) or the role refuses us: the message names which, and the permission that is missing. */
  'source-forbidden': 'authorisation',
  /** Didomi's API refuses the key, or the contract does not hold this call. */
  'didomi-forbidden': 'authorisation',
  /** The source's folder or bucket cannot be listed. */
  'source-unreadable': 'source',
  /** One object is truncated, not gzip, not readable as CSV, or changed while it was read. Its partition stays pending. */
  'object-damaged': 'source',
  /** The partition waited for was not sealed in time. Everything else went on; run again later. */
  'partition-late': 'source',
  /** The archive cannot be written: nothing counts that was not archived, so its partition stays pending. */
  'archive-unwritable': 'source',
  /** Didomi's API is out of reach, or answers what nobody documents. Bootstrap goes on where it stopped. */
  'didomi-unavailable': 'source',
  /** Dataverse is out of reach or keeps refusing; persons stay due and the next run goes on. */
  'dataverse-unavailable': 'deferred',
  /** The time given by `--deadline` is over. State is valid, and whoever is still due is delivered by the next run. */
  'deadline-reached': 'deferred',
  /** Another run holds the store's lease. Wait for it, or look for a stuck pod. */
  'lease-held': 'lease',
  /** The brake of semantics §8.7: look at the plan, then run again with `--accept PLAN`. */
  brake: 'brake',
  /** SIGINT stopped the run. State is valid: run again. */
  interrupted: 'interrupted',
  /** SIGTERM stopped the run (a pod that had to go). State is valid: run again. */
  terminated: 'terminated',
} as const satisfies Record<string, Next>

export type ErrorCode = keyof typeof ERROR_CODES

/** The four parts of a message (house rule): where, what was found, what was expected, what to do. */
export interface Complaint {
  readonly where: string
  readonly found: string
  readonly expected: string
  readonly remedy: string
}

/** Puts the four parts of a complaint into one line. */
export function complaintText({ where, found, expected, remedy }: Complaint): string {
  return `${where}: found ${found}; expected ${expected}. ${remedy}`
}

/**
 * The one error class of the program. `complaints` is never empty: several problems are reported at once.
 * No part may ever hold an identifier, an address, a token or a consent.
 */
export class CodedError extends Error {
  readonly code: ErrorCode
  readonly complaints: readonly Complaint[]

  constructor(code: ErrorCode, complaints: readonly [Complaint, ...Complaint[]], options?: ErrorOptions) {
    super(`${code}: ${complaints.map(complaintText).join('\n  ')}`, options)
    this.name = 'CodedError'
    this.code = code
    this.complaints = complaints
  }

  get next(): Next {
    return ERROR_CODES[this.code]
  }
}

/** Raises the error of an invariant that does not hold; `found` must be free of personal data. */
export function defect(where: string, found: string): never {
  throw new CodedError('defect', [
    {
      where,
      found,
      expected: 'an invariant of the program to hold',
      remedy: 'Please report this; nothing is lost, run again.',
    },
  ])
}
