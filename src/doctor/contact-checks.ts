/** Do persons find their contacts? On bounded samples. */

import { contactsByValue, FLAGS } from './contact-sample.ts'
import { type Check, counted, failed, ok, skipped, warning } from './finding.ts'
import type { TargetWorld } from './target-world.ts'

/** Fewer hits than this share are worth a word. */
const FEW_HITS = 0.5
/** With so many persons and not one contact, the attribute is the wrong one. */
const CERTAIN = 20
/** A hash in hexadecimal digits: MD5, SHA-1, SHA-256. */
const HASH = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/i

export const NO_SAMPLE = skipped('--quick takes no samples')
export const NOBODY = skipped('there are neither persons nor contacts to look up')
const NO_PERSONS = skipped('the store knows nobody yet')

const percent = (share: number): string => `${Math.round(share * 100)} %`

const hashes: Check<TargetWorld> = {
  id: 'hashed-ouids',
  title: 'form of OUIDs',
  needs: ['store/content'],
  run: async ({ target, sample, glance }) => {
    if (sample === 0) return NO_SAMPLE
    const read = await glance()
    const ouids = read?.ouids ?? []
    if (ouids.length === 0) return NO_PERSONS
    const share = ouids.filter((ouid) => HASH.test(ouid)).length / ouids.length
    if (share < FEW_HITS) return ok('no hashes')
    return warning(
      `${percent(share)} of ${ouids.length} look hashed`,
      `Make sure that contact.${target.contact.matchAttribute} holds the same hash: it is compared as text.`,
    )
  },
}

const matches: Check<TargetWorld> = {
  id: 'match-rate',
  title: 'hit rate of the match attribute',
  needs: ['match-key', 'store/content'],
  run: async ({ target, sample, contacts }, signal) => {
    if (sample === 0) return NO_SAMPLE
    const read = await contacts(signal)
    if (!read.ofPersons) return NO_PERSONS
    const { matchAttribute } = target.contact
    const found = contactsByValue(read, matchAttribute)
    const all = read.values.length
    const hits = read.values.filter((value) => found.has(value)).length
    const text = `${hits} of ${counted(all, 'person')} have a contact by ${matchAttribute}`
    const remedy = `Check that ${matchAttribute} holds what Didomi knows as organization_user_id (\`contact.matchAttribute\`, \`identity.normalise\`).`
    if (target.upsert || target.addressOnly) return ok(text)
    if (hits === 0 && all >= CERTAIN) return failed('configuration', text, remedy)
    return hits / all < FEW_HITS ? warning(text, remedy) : ok(text)
  },
}

const uniqueness: Check<TargetWorld> = {
  id: 'match-uniqueness',
  title: 'uniqueness of the match attribute',
  needs: ['match-key', 'store/content'],
  run: async ({ target, sample, contacts }, signal) => {
    if (sample === 0) return NO_SAMPLE
    const read = await contacts(signal)
    if (read.values.length === 0) return NOBODY
    const { matchAttribute, duplicates } = target.contact
    const several = [...contactsByValue(read, matchAttribute).values()].filter(({ size }) => size > 1).length
    const values = counted(read.values.length, 'value')
    if (several === 0) return ok(`none of ${values} of ${matchAttribute} stands twice`)
    return warning(
      `${several} of ${values} of ${matchAttribute} stand at several contacts`,
      duplicates === 'all'
        ? 'All of them are written; merge the duplicates, or set `contact.duplicates: refuse`.'
        : 'None of them is written (`contact.duplicates: refuse`); merge the duplicates.',
    )
  },
}

const flags: Check<TargetWorld> = {
  id: 'contact-flags',
  title: 'flags of contacts',
  needs: ['match-key', 'store/content'],
  run: async ({ target, sample, contacts }, signal) => {
    if (target.mode === 'contact') return skipped('contact mode writes what is mapped')
    if (!target.contactPoints.some(({ channel }) => channel === 'email')) return skipped('no e-mail is written')
    if (sample === 0) return NO_SAMPLE
    const { values, rows } = await contacts(signal)
    if (values.length === 0) return NOBODY
    const refusing = rows.filter(({ columns }) => FLAGS.some((flag) => columns[flag] === true)).length
    if (refusing === 0) return ok(`none of ${counted(rows.length, 'contact')} is set to refuse e-mail`)
    return warning(
      `${refusing} of ${counted(rows.length, 'contact')} are set to refuse e-mail (${FLAGS.join(', ')})`,
      'Look whether the feature switch "Check contact consent in real-time journeys" is on: then these get nothing, whatever their consent; map the flags in contact mode as well, or turn it off.',
    )
  },
}

export const CONTACT_CHECKS: readonly Check<TargetWorld>[] = [matches, uniqueness, hashes, flags]
