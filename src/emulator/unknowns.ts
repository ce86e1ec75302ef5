/** What nobody has established about the real service: a switch for each, so that a client can be tried under both. */

/** The switches of rows, keys and batches (Dataverse: open questions, 10). */
export interface Unknowns {
  /** Whether a key in a URL matches by the database's collation or by its exact text. */
  readonly keyCasing: 'insensitive' | 'sensitive'
  /** Whether a key of several columns, one of them null, is held unique. */
  readonly keyWithNull: 'unique' | 'ignored'
  /** Whether UpdateMultiple finds rows by an `@odata.id` with an alternate key. */
  readonly updateMultipleByKey: 'accepted' | 'refused'
  /** Whether the `@odata.id` of a bulk message takes key values that a URL cannot hold. */
  readonly specialInReferences: 'refused' | 'accepted'
  /** What UpsertMultiple answers to two rows with one key: 412 `0x80040237`, or 400 `0x80040216`. */
  readonly upsertDuplicates: 'exists' | 'unexpected'
  /** Whether `Prefer` and `MSCRM.*` headers of a batch hold for its parts. */
  readonly outerHeaders: 'ignored' | 'inherited'
  /** Whether a missing id and a failed condition tell their code, or leave it empty as the vendor's samples do. */
  readonly conditionCodes: 'told' | 'empty'
}

/** The likelier answers. */
export const LIKELY_UNKNOWNS: Unknowns = {
  keyCasing: 'insensitive',
  keyWithNull: 'unique',
  updateMultipleByKey: 'accepted',
  specialInReferences: 'refused',
  upsertDuplicates: 'exists',
  outerHeaders: 'ignored',
  conditionCodes: 'told',
}
