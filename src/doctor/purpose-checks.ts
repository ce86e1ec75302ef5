/** Will what is written be heeded? Purposes, topics and addresses as Customer Insights – Journeys judges them. */

import type { ContactPoint, TargetSettings } from '../config/settings.ts'
import type { EnforcementModel } from '../dataverse/inspection.ts'
import { contactColumnOf } from '../deliver/contacts.ts'
import { type Check, type Finding, ok, orOk, skipped, unlessForbidden, warning } from './finding.ts'
import { mappedIds, type TargetWorld } from './target-world.ts'

const CONTACT_MODE = skipped('contact mode writes no consent rows')

const channelsOf = (target: TargetSettings) => [...new Set(target.contactPoints.map(({ channel }) => channel))]

const active: Check<TargetWorld> = {
  id: 'purposes',
  title: 'purposes and topics are active',
  needs: ['tables'],
  run: async (world, signal) => {
    if (world.target.mode === 'contact') return CONTACT_MODE
    const { purposes, topics } = await world.mapped(signal)
    const remedy = 'Activate it in Customer Insights – Journeys, or map another one.'
    const inactive = [
      ...purposes.map(({ id, active: on }) => ({ name: `purpose ${id}`, on })),
      ...topics.map(({ id, active: on }) => ({ name: `topic ${id}`, on })),
    ].filter(({ on }) => !on)
    return orOk(
      inactive.map(({ name }) => warning(`${name} is inactive: rows are written, but nobody asks for them`, remedy)),
      'all of them',
    )
  },
}

const enforcement: Check<TargetWorld> = {
  id: 'enforcement',
  title: 'enforcement models',
  needs: ['tables'],
  run: async (world, signal) => {
    const { target, dataverse } = world
    if (target.mode === 'contact') return CONTACT_MODE
    const { purposes, topics } = await world.mapped(signal)
    const ids = purposes.map(({ id }) => id)
    const models = await dataverse.inspection.purposeModels(ids, signal)
    const own = new Set(mappedIds(target, 'purpose'))
    const findings = ids.flatMap((id) =>
      channelsOf(target).flatMap((channel) => {
        const model = models.get(id)?.[channel]
        const hasTopics = topics.some(({ purposeId }) => purposeId === id)
        return model === undefined
          ? []
          : modelFindings({ id, channel, model, orphans: hasTopics && !own.has(id), target })
      }),
    )
    return orOk(findings, 'consent is asked for before sending')
  },
}

function modelFindings(place: {
  readonly id: string
  readonly channel: string
  readonly model: EnforcementModel
  /** Topics are mapped below it, and it itself is not. */
  readonly orphans: boolean
  readonly target: TargetSettings
}): Finding[] {
  const { id, channel, model, orphans, target } = place
  if (model === 'disabled')
    return [
      warning(
        `purpose ${id} is not enforced for ${channel}: messages go out whatever was refused`,
        'Choose Restrictive or Non-restrictive at the purpose, unless this is meant.',
      ),
    ]
  if (model === 'restrictive' && orphans && target.parentPurpose !== 'ensure')
    return [
      warning(
        `purpose ${id} is restrictive for ${channel}, and only topics below it are mapped: nothing goes out without a row of the purpose`,
        'Map the purpose too, or set `parentPurpose: ensure`.',
      ),
    ]
  return []
}

const owner: Check<TargetWorld> = {
  id: 'owner',
  title: 'business units and owners',
  needs: ['tables'],
  run: async (world, signal) => {
    const { target } = world
    if (target.mode === 'contact') return CONTACT_MODE
    const { purposes } = await world.mapped(signal)
    const { businessUnitId } = await world.signIn(0, signal)
    if (target.owner === 'purpose-owner') return ok('rows get the owner of their purpose')
    const elsewhere = purposes.filter((purpose) => purpose.businessUnitId !== businessUnitId)
    if (target.owner !== 'default' && purposes.length > 0)
      return ok('rows get the owner that is configured; with business units, it has to stand in that of the purpose')
    return orOk(
      elsewhere.map(({ id }) =>
        warning(
          `purpose ${id} belongs to another business unit than our application user, who would own its rows`,
          'Set `owner: purpose-owner`: with consent scoped by business unit, Journeys overlooks rows of another unit.',
        ),
      ),
      'purposes stand in our business unit',
    )
  },
}

const audience: Check<TargetWorld> = {
  id: 'audience',
  title: 'audience configuration',
  needs: ['tables'],
  run: async ({ target, dataverse }, signal) => {
    if (target.mode === 'contact') return CONTACT_MODE
    return unlessForbidden('the audience configuration', async () => {
      const settings = await dataverse.inspection.audience(signal)
      if (settings === undefined) return skipped('the environment keeps none for contacts')
      const fieldsOf = ({ channel }: ContactPoint) =>
        channel === 'email' ? settings.emailFields : channel === 'custom' ? undefined : settings.phoneFields
      const findings = target.contactPoints.flatMap((point) => {
        const column = contactColumnOf(point.from)
        const fields = fieldsOf(point)
        if (column === undefined || fields === undefined || fields === '' || namesColumn(fields, column)) return []
        return [
          warning(
            `contact.${column} is no recipient column of ${point.channel} messages`,
            'Add it to the audience configuration of contacts, or take another column under `contactPoints`.',
          ),
        ]
      })
      return orOk(findings, 'the address columns are among its recipients')
    })
  },
}

/** The form of the text is not documented; a column's name in it is. */
const namesColumn = (fields: string, column: string): boolean =>
  fields
    .toLowerCase()
    .split(/[^a-z0-9_]+/)
    .includes(column)

export const PURPOSE_CHECKS: readonly Check<TargetWorld>[] = [active, enforcement, owner, audience]
