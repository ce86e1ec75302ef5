/** The names under which the store remembers where long work stands. */

/** Where a bootstrap from the API goes on, as JSON; gone once it is complete. */
export const BOOTSTRAP_CURSOR = 'bootstrap-cursor'
/** When the last complete bootstrap began (RFC 3339). Whatever gap in dates lies before that day is closed by it. */
export const BOOTSTRAPPED_AT = 'bootstrapped-at'
