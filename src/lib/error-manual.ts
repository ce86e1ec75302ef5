/** The manual of the error codes: what causes each, and what mends it. docs/errors.md is written from it. */

import type { ErrorCode } from './errors.ts'

/** Markdown; links lead from the folder docs/. */
export interface ManualEntry {
  /** What it means, in a few words. */
  readonly means: string
  /** What brings it about, the likeliest first. */
  readonly causes: readonly [string, ...string[]]
  /** What to do, in this order. */
  readonly fixes: readonly [string, ...string[]]
}

const RUN_AGAIN = 'Run again: the state is valid, and whoever is still due is delivered then.'

/** One entry for each code of the registry; a code without one does not compile. */
export const ERROR_MANUAL: Readonly<Record<ErrorCode, ManualEntry>> = {
  defect: {
    means: 'something that must never be is',
    causes: [
      'A mistake in this program.',
      'A store, a file or an answer that somebody else changed in a way that nothing foresees.',
    ],
    fixes: ['Keep the store file and report the code with the JSON report.', 'Run again: nothing is lost.'],
  },
  'sum-broken': {
    means: 'lines, persons or slots do not add up (§8.4)',
    causes: ['A mistake in this program: something was counted twice, or not at all.'],
    fixes: ['Report it with the numbers that the message tells. Persons stay due, and a migration may be verified.'],
  },
  'config-invalid': {
    means: 'the configuration is missing, unreadable or breaks its schema',
    causes: [
      'The file is not where `--config` says, or is neither YAML nor JSON.',
      'A key is unknown or missing, a value of the wrong kind, or two settings exclude each other.',
      'A part of the export is CSV and `source.csv` is not set.',
      'Two entries under `authentication` are one application user.',
    ],
    fixes: ['Correct every place that is listed: [configuration.md](configuration.md#keys) explains each key.'],
  },
  'secret-missing': {
    means: 'a reference to a secret (`env:…`, `file:…`) leads to nothing',
    causes: ['The environment variable is not set in this process.', 'The file is not mounted, or may not be read.'],
    fixes: ['Set the variable or mount the file for the process that runs this, and look at its spelling.'],
  },
  'document-invalid': {
    means: 'the Didomi integration document has none of the known forms',
    causes: ['Another document was taken.', 'It was cut off, or changed by hand.'],
    fixes: [
      'Export it again, or see [integration documents](configuration.md#integration-documents) for the forms that are known.',
    ],
  },
  'mapping-invalid': {
    means: 'entries of the mapping cannot work',
    causes: [
      'A column, purpose, topic or table is not there.',
      'A column is of a type that cannot hold the choice, or lacks an option.',
      'A value has two readings, or none.',
      'A purpose is of type Tracking, and `allowTracking` is not set.',
    ],
    fixes: [
      'Correct the mapping or Dataverse; all problems are listed at once.',
      '`didomi-dataverse doctor` tries it without a run.',
    ],
  },
  usage: {
    means: 'flags or arguments that make no sense',
    causes: [
      'A flag is unknown, has no value, or cannot go with another one.',
      'A target, a port, a file or a plan that nobody knows.',
      'A store in PostgreSQL where only a file will do, or a file where pods share it.',
    ],
    fixes: ['See `--help` of the command.'],
  },
  'rebuild-needed': {
    means: 'settings that shape how the export is read have changed (§8.6)',
    causes: ['`identity`, `regulations`, `events` or `source.csv` differ from what the store was filled with.'],
    fixes: ['Take the change back, or [rebuild](operations.md#rebuild) from a complete archive.'],
  },
  'environment-used': {
    means: 'no ledger, but Dataverse holds rows of ours (§8.8)',
    causes: [
      'The store was lost, or another one is configured.',
      'Somebody else runs this program against the same environment.',
    ],
    fixes: ['Bring the store back, or take the rows over: see [a lost store](operations.md#a-lost-store).'],
  },
  'plan-unreadable': {
    means: 'the file given to `apply` is no whole plan',
    causes: ['It is another file, or of another version.', 'It was cut off or changed since `plan --out` made it.'],
    fixes: ['Plan again with `--out`, and apply that file as it is.'],
  },
  'plan-moved': {
    means: 'export, configuration or rows are not those of the plan any more',
    causes: [
      'Somebody changed a row that the plan would write, or a run wrote it.',
      'A partition came, was delivered anew or was deleted.',
      'The mapping or a policy was changed.',
    ],
    fixes: ['Plan again, look at it, and apply that: nothing was written.'],
  },
  'store-unusable': {
    means: 'the store cannot be used',
    causes: [
      'Its file, folder or database cannot be reached, read or written.',
      'Its disk is full.',
      "It is damaged, another program's, or of a newer version of this one.",
    ],
    fixes: ['Do what the message says; then see [when the store is damaged](operations.md#when-the-store-is-damaged).'],
  },
  'dataverse-rejects-request': {
    means: 'Dataverse calls a request malformed, or a table or column unknown',
    causes: [
      'The table was changed after the mapping was checked.',
      '`instance` leads to another environment, or to an old server.',
    ],
    fixes: [
      'Compare the mapping with the environment, and `instance` with its address; ask `didomi-dataverse doctor`.',
    ],
  },
  'token-refused': {
    means: 'no token from Entra ID or AD FS',
    causes: [
      'The client secret or certificate has expired, or is of another registration.',
      'Client id, tenant or authority is wrong.',
      'The federated credential does not fit issuer, subject and audience of the token.',
    ],
    fixes: [
      'Look the AADSTS number up that the message tells.',
      'Renew the credentials, and put them where the configuration refers to.',
    ],
  },
  unauthenticated: {
    means: 'Dataverse refuses a token that is fresh',
    causes: ['`instance` is not the environment that the token is for.', 'The application user is disabled.'],
    fixes: ['Check `instance`, tenant and application user.'],
  },
  forbidden: {
    means: 'a privilege is missing, or there is no application user',
    causes: [
      'The role lacks what the message names, or has it for its own business unit only.',
      'The app registration has no application user in this environment.',
    ],
    fixes: ['Add what the message names to the role; `didomi-dataverse doctor` names all that is missing at once.'],
  },
  'store-copy-forbidden': {
    means: 'the store in PostgreSQL may not be copied for a look',
    causes: [
      'Nobody but the owner may make temporary tables in the database: `TEMPORARY` was revoked from `PUBLIC`.',
      'The user of `store.postgres` may not use the schema, or not read all tables in it.',
    ],
    fixes: [
      'As the owner of the database: `GRANT TEMPORARY ON DATABASE … TO …`. `plan`, `apply`, `verify` and `explain` work on temporary tables; `sync` needs none.',
      'As the owner of the schema: `GRANT USAGE ON SCHEMA … TO …` and `GRANT SELECT ON ALL TABLES IN SCHEMA … TO …`.',
    ],
  },
  'source-forbidden': {
    means: 'the bucket, its key or the role refuses us',
    causes: [
      'There are no credentials, or they have expired.',
      'A permission is missing, on the bucket, its objects, the key (KMS) or the role.',
      'The clock of this machine is wrong.',
    ],
    fixes: ['Grant the permission that the message names: [who may do what](operations.md#who-may-do-what).'],
  },
  'didomi-forbidden': {
    means: "Didomi's API refuses the key, or the contract does not hold the call",
    causes: ['Key, secret or organization is wrong.', 'The contract does not hold the Consents API.'],
    fixes: ['Check `didomi.key`, `didomi.secret` and `didomi.organizationId`.', 'Ask Didomi what the contract holds.'],
  },
  'source-unreadable': {
    means: 'the folder or bucket cannot be listed',
    causes: ['The path is not mounted.', 'Name, region or endpoint is wrong, or the network is away.'],
    fixes: [
      'Check path and mount; name, `region`, `endpoint` and network. What is in the store is delivered all the same.',
    ],
  },
  'object-damaged': {
    means: 'an object cannot be read whole',
    causes: [
      'It was cut off, or is not what its name says.',
      'It was replaced or removed while it was read.',
      'It may not be read: objects have permissions and keys of their own.',
    ],
    fixes: [
      'Run again: what was replaced is read then.',
      'Else have it delivered again, or grant what the message names. Its partition waits for it.',
    ],
  },
  'partition-late': {
    means: 'the partition that was waited for was not sealed in time',
    causes: ['The export is late, or did not run.'],
    fixes: [
      'Run again later; everything else went on. See [a partition that comes late](operations.md#a-partition-that-comes-late).',
    ],
  },
  'report-unwritable': {
    means: 'a report could not be written where it was to be; the run itself is not touched by it',
    causes: [
      'The folder may not be written, or the disk is full.',
      'The bucket of `report.to` is out of reach, or refuses us.',
    ],
    fixes: [
      'Mend `report.directory` or `report.to`: see [reports](operations.md#reports).',
      'The report is in the store all the same: `runs show RUN --html FILE` draws it again.',
    ],
  },
  'archive-unwritable': {
    means: 'an object could not be archived, so it does not count yet',
    causes: ['The disk is full, or the folder or bucket may not be written.'],
    fixes: ['Mend `archive.to` before the source deletes: see [the archive](operations.md#the-archive).'],
  },
  'didomi-unavailable': {
    means: "Didomi's API is out of reach, or answers what nobody documents",
    causes: [
      'The network or Didomi is away.',
      '`didomi.apiRoot` leads elsewhere.',
      'The cursor of a bootstrap that was stopped has expired.',
    ],
    fixes: [
      'Run again: [bootstrap](operations.md#bootstrap) goes on where it stopped; with `--restart` it begins anew.',
    ],
  },
  'dataverse-unavailable': {
    means: 'Dataverse is out of reach or keeps refusing',
    causes: ['The network, Entra ID or Dataverse is away.', 'Its limits are used up by somebody else as well.'],
    fixes: [RUN_AGAIN],
  },
  'deadline-reached': {
    means: 'the time given by `--deadline` is over',
    causes: ['There was more to do than time.'],
    fixes: [RUN_AGAIN],
  },
  'lease-held': {
    means: 'another run has the store',
    causes: [
      'Two runs were started at once, or one is stuck.',
      'The lease was lost: the machine was paused, or the database did not answer.',
    ],
    fixes: ['Wait: the lease ends with its process, however that ends.', 'Look for a stuck process or pod.'],
  },
  brake: {
    means: 'the run would turn over too many choices (§8.7), or tell Didomi of too many (§11.4)',
    causes: [
      'A mapping was inverted or points at another purpose.',
      'The export really holds so many changes, or Dataverse does: the first `reverse` tells all that was chosen there before.',
    ],
    fixes: ['Look at the plan, then let it pass by its name: see [the brake](operations.md#the-brake).'],
  },
  interrupted: {
    means: 'SIGINT stopped the run',
    causes: ['Somebody pressed Ctrl-C.'],
    fixes: [RUN_AGAIN],
  },
  terminated: {
    means: 'SIGTERM stopped the run',
    causes: ['The pod or machine had to go.'],
    fixes: [RUN_AGAIN],
  },
}
