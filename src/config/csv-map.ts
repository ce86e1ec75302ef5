/** The settings of CSV exports as the reader of records takes them. */

import type { CsvMap } from '../record/csv.ts'
import type { Settings } from './settings.ts'

/** The CSV column map in the form the reader takes. */
export function csvMapOf({ csv }: Settings['source']): CsvMap | undefined {
  if (csv === undefined) return undefined
  const { choices, ...columns } = csv
  return {
    ...columns,
    choices: Object.fromEntries(
      choices.map(({ key, column, trueSpellings, falseSpellings }) => [
        key,
        { column, true: trueSpellings, false: falseSpellings },
      ]),
    ),
  }
}
