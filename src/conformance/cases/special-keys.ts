/** Key values that no URL can hold, though a filter can. */
import type { ConformanceCase } from '../case.ts'
import { citing, get, refused, step } from './make.ts'

const special = citing('reading', 'Dataverse: alternate keys, 3.2', 'documented')
const specialInferred = citing('reading', 'Dataverse: alternate keys, 3.2', 'inferred')

const FORBIDDEN = ['/', '<', '>', '*', '%', '&', ':', '\\', '?', '+']
const NAMES: Readonly<Record<string, string>> = {
  '/': 'slash',
  '<': 'less',
  '>': 'more',
  '*': 'star',
  '%': 'percent',
  '&': 'ampersand',
  ':': 'colon',
  '\\': 'backslash',
  '?': 'question',
  '+': 'plus',
  '#': 'hash',
}

const SPECIAL = [...FORBIDDEN, '#'].flatMap((char) => {
  const make = char === '#' ? specialInferred : special
  const name = NAMES[char] ?? ''
  const encoded = encodeURIComponent(char)
  return [
    make(
      `special/${name}/key`,
      `a key value with ${char} cannot be read by key, percent-encoded or not`,
      { given: [{ '{key}': `{p}a${char}b` }] },
      step(get(`contacts({key}='{p}a${encoded}b')?$select=contactid`), refused([400, 404])),
    ),
    make(
      `special/${name}/filter`,
      `a value with ${char} is found by a filter, where it is percent-encoded`,
      { given: [{ '{key}': `{p}a${char}b` }, {}] },
      step(get('contacts', { $select: 'contactid', $filter: `{key} eq '{p}a${char}b'` }), {
        status: 200,
        body: { value: [{ contactid: '{id1}' }] },
      }),
    ),
  ]
})

/** The cases of this topic. */
export const SPECIAL_KEY_CASES: readonly ConformanceCase[] = [
  ...SPECIAL,
  ...['*', '&', ':', '+'].map((char) =>
    special(
      `special/${NAMES[char]}/bare`,
      `a key value with ${char} as it is cannot be read by key either`,
      { given: [{ '{key}': `{p}a${char}b` }] },
      step(get(`contacts({key}='{p}a${char}b')?$select=contactid`), refused([400, 404])),
    ),
  ),
]
