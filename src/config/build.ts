/** Checked settings as written → settings as used: quantities in numbers, paths absolute, secrets wrapped. */

import { resolve } from 'node:path'
import { keyText, parseKey } from '../consent/key.ts'
import { MILLISECOND } from '../consent/time.ts'
import { defect } from '../lib/errors.ts'
import type { IntegrationDocument } from './document.ts'
import { defaultAuthority, type Instance, parseInstance } from './instance.ts'
import { present } from './present.ts'
import { parseDurationMs, parseSizeBytes } from './quantity.ts'
import { canonicalId, optionsOf } from './rules.ts'
import type { WrittenSettings, WrittenTarget } from './schema.ts'
import { Secret } from './secret.ts'
import type { Credentials, CsvSettings, MappingEntry, Settings, SourceSettings, TargetSettings } from './settings.ts'

/** Everything but the targets and the warnings; relative paths lie in `folder`. */
export function buildFileSettings(written: WrittenSettings, folder: string): Omit<Settings, 'targets' | 'warnings'> {
  const { store, identity, regulations, clockSkew, maxLineBytes, lookup } = written
  const { events, rejects, quarantine, retention, catalogue } = written
  return {
    source: buildSource(written.source, folder),
    store: { sqlite: resolve(folder, store.sqlite) },
    reading: {
      normalise: identity.normalise,
      regulations: regulations.map((regulation) => regulation.toLowerCase()),
      clockSkew: durationMs(clockSkew) * MILLISECOND,
      maxLineBytes: parseSizeBytes(maxLineBytes) ?? defect('config/build', 'a size that the schema let through'),
    },
    events,
    rejects,
    quarantine,
    retention,
    catalogue,
    lookup: Object.fromEntries(Object.entries(lookup).map(([id, reference]) => [id, present(reference)])),
  }
}

function buildSource({ directory, prefix, csv, ...rest }: WrittenSettings['source'], folder: string): SourceSettings {
  const trimmed = prefix.replace(/^\/+|\/+$/g, '')
  return present({
    location: { kind: 'directory' as const, directory: resolve(folder, directory) },
    workers: 1,
    maxExpansion: 1_000,
    prefix: trimmed === '' ? '' : `${trimmed}/`,
    ...rest,
    csv: csv && buildCsv(csv),
  })
}

function buildCsv({ choices, ...columns }: NonNullable<WrittenSettings['source']['csv']>): CsvSettings {
  return present({
    ...columns,
    choices: Object.entries(choices).map(([written, choice]) => {
      const key = parseKey(written) ?? defect('config/build', 'a choice key that the schema let through')
      return { key: keyText(key), column: choice.column, trueSpellings: choice.true, falseSpellings: choice.false }
    }),
  })
}

/** One target, whose rules all hold; `warn` takes what the operator should know. */
export function buildTarget(
  written: WrittenTarget,
  document: IntegrationDocument,
  documentRepairs: readonly string[],
  warn: (warning: string) => void,
): TargetSettings {
  const { authentication, integration, entryOptions, clockTolerance, freshness, timeout, ...rest } = written
  const instance = parseInstance(authentication.instance ?? document.credentials.instance ?? '')
  if (instance === undefined) return defect('config/build', 'an instance that the rules let through')
  return present({
    ...rest,
    mode: document.mode,
    entries: document.entries.map((entry) => completeEntry(entry, written)),
    upsert: document.upsert,
    documentRepairs,
    instance,
    credentials: buildCredentials(written, document, instance, warn),
    clockToleranceMicros: durationMs(clockTolerance) * MILLISECOND,
    freshnessMs: durationMs(freshness),
    timeoutMs: durationMs(timeout),
  })
}

/** The document's entry, completed and overridden by the settings' options for its id. */
function completeEntry(entry: MappingEntry, written: WrittenTarget): MappingEntry {
  return { ...entry, ...present(optionsOf(written, entry.id) ?? {}), id: canonicalId(entry.id) }
}

function buildCredentials(
  { name, authentication }: WrittenTarget,
  { credentials }: IntegrationDocument,
  instance: Instance,
  warn: (warning: string) => void,
): Credentials {
  const tenantId = authentication.tenantId ?? credentials.tenant_id ?? ''
  const { authorityMetadata, certificate, knownAuthorities } = authentication
  const derived = defaultAuthority(instance, tenantId)
  if (authentication.authority === undefined && !derived.known) {
    warn(
      `target ${name}: the instance's host is of no known cloud, so tokens are asked of the public one; ` +
        'set authentication.authority for an on-premises server',
    )
  }
  return present({
    tenantId,
    clientId: authentication.clientId ?? credentials.client_id ?? '',
    proof:
      certificate === undefined
        ? ({
            kind: 'secret',
            clientSecret: new Secret(authentication.clientSecret ?? credentials.client_secret ?? ''),
          } as const)
        : present({
            kind: 'certificate' as const,
            privateKey: new Secret(certificate.privateKey),
            thumbprintSha256: certificate.thumbprintSha256,
            x5c: certificate.x5c === undefined ? undefined : new Secret(certificate.x5c),
          }),
    authority: authentication.authority ?? derived.url,
    authorityMetadata: typeof authorityMetadata === 'object' ? JSON.stringify(authorityMetadata) : authorityMetadata,
    knownAuthorities,
  })
}

function durationMs(text: string): number {
  return parseDurationMs(text) ?? defect('config/build', 'a duration that the schema let through')
}
