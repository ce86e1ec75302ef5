/** What Didomi was told and what waits for it, as a database answers it: the same for every store. */

import type { Choice } from '../consent/choice.ts'
import type { PersonId } from './store.ts'
import type { ColumnReader, Row } from './stored-row.ts'
import type { OpenLook, OpenReason, ToldStatement } from './told.ts'

/** A row of `told`; `person` is read by the store itself. */
export function toldStatement(row: Row, person: PersonId, { text, integer }: ColumnReader): ToldStatement {
  return {
    person,
    key: text(row, 'key'),
    value: JSON.parse(text(row, 'value')) as Choice,
    instant: integer(row, 'instant'),
    event: text(row, 'event'),
    state: text(row, 'state') as ToldStatement['state'],
  }
}

/** A row of `open_look`. */
export function openLook(row: Row, { text }: ColumnReader): OpenLook {
  return {
    kind: text(row, 'kind') as OpenLook['kind'],
    name: text(row, 'name'),
    reason: text(row, 'reason') as OpenReason,
  }
}
