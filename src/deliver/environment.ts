/** Is this the environment that the ledger speaks of? Asked before anything is written (semantics §8.8). */

import type { Dataverse, Identity, TableMetadata } from '../dataverse/dataverse.ts'
import { CodedError } from '../lib/errors.ts'
import { MARKER } from '../projection/reason.ts'
import type { Store, TargetScope } from '../store/store.ts'

interface Ports {
  readonly store: Store
  readonly dataverse: Dataverse
}

/** Our ids in this environment, each remembered as one of ours before it writes. */
export async function identify(
  { store, dataverse }: Ports,
  signal: AbortSignal,
): Promise<{ identity: Identity; us: ReadonlySet<string> }> {
  const identities = await dataverse.whoAreWe(signal)
  const [identity] = identities
  for (const { organizationId, userId } of identities) await store.addWriter(organizationId, userId)
  return { identity, us: new Set(await store.writers(identity.organizationId)) }
}

/**
 * Empty ledgers beside rows with our marker mean that a store was lost: adopting them is the operator's decision. A
 * ledger of any target will do: rows that another target wrote into the same environment say nothing about the store.
 * @throws CodedError `environment-used`
 */
export async function refuseUsedEnvironment(
  { store, dataverse }: Ports,
  scope: TargetScope,
  { consents, targets, adopt }: { consents: TableMetadata | undefined; targets: readonly string[]; adopt: boolean },
  signal: AbortSignal,
): Promise<void> {
  if (consents === undefined || adopt) return
  for (const target of targets) {
    if ((await store.countLedger({ ...scope, target })) > 0) return
  }
  if (!(await dataverse.anyStartingWith(consents, 'msdynmkt_reason', `${MARKER} `, signal))) return
  throw new CodedError('environment-used', [
    {
      where: `target ${scope.target}, table ${consents.logicalName}`,
      found: 'rows that this program wrote, but nothing about them in the store',
      expected: 'the store that belongs to this environment, or an environment never written to',
      remedy:
        'Bring back the store file; if it is lost, run once with --adopt-environment: the reasons on the rows date them.',
    },
  ])
}
