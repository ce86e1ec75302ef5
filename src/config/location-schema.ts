/** The schema of a place that holds objects: a folder, an S3 bucket or a Google Cloud Storage bucket. */

import { ROLE_SESSION } from './quantity.ts'
import { closed, exactlyOne, filledIn, flag, formed, formedAs, text } from './schema-parts.ts'
import { SECURE_URL_EXPECTED, SECURE_URL_FORM } from './secure-url.ts'

const BUCKET_EXPECTED = 'the bare name of a bucket: 3 to 63 lower-case letters, digits, hyphens and dots'
/** Google: names with dots may be longer, and may hold an underscore. */
const GCS_BUCKET_EXPECTED = 'the bare name of a bucket: lower-case letters, digits, hyphens, underscores and dots'
const BUCKET_REMEDY = 'Leave out s3://, gs:// and the path; a path below the bucket is source.prefix.'

/** AWS: a role's ARN, of any partition (`aws`, `aws-cn`, `aws-us-gov`), with or without a path. */
const ROLE_FORM = /^arn:aws(-[a-z]+)*:iam::\d{12}:role\/[\w+=,.@/-]*[\w+=,.@-]$/

const assumeRole = closed({
  roleArn: formedAs(
    ROLE_FORM,
    'arn:aws:iam::<12 digits>:role/<name of the role>',
    'Take it from Didomi, whose roles are arn:aws:iam::<its account>:role/<bucket>-role; some printed examples are malformed.',
  ).describe('The role: `arn:aws:iam::<12 digits>:role/<name>`.'),
  externalId: formed(/^[\w+=,.@:/-]{2,1224}$/, '2 to 1224 letters, digits and _+=,.@:/-')
    .optional()
    .describe("External id that the role's owner demands; Didomi mentions none."),
  sessionName: formed(/^[\w+=,.@-]{2,64}$/, '2 to 64 letters, digits and _+=,.@-')
    .default('didomi-dataverse')
    .describe("Name of the session in the logs of the bucket's owner."),
  duration: formed(ROLE_SESSION, 'a duration from 15m to 12h')
    .default('1h')
    .describe(
      'How long its credentials hold, 15m to 12h; they are renewed before that. Above 1h only where our own credentials are no role.',
    ),
})

const s3 = closed({
  bucket: formedAs(/^[a-z0-9](?!.*\.\.)[a-z0-9.-]{1,61}[a-z0-9]$/, BUCKET_EXPECTED, BUCKET_REMEDY).describe(
    'Name of the bucket.',
  ),
  region: formed(/^[a-z0-9][a-z0-9-]*$/, 'a region such as eu-central-1')
    .optional()
    .describe('Its region; without it, asked for.'),
  endpoint: formed(SECURE_URL_FORM, SECURE_URL_EXPECTED)
    .optional()
    .describe("Address of an S3-compatible server; without it, Amazon's."),
  forcePathStyle: flag
    .default(false)
    .describe("Whether the bucket stands in the URL's path, not in its host; most servers but Amazon's want it."),
  requestPayer: flag
    .default(true)
    .describe('Whether requests say that we pay for them; harmless where the bucket does not ask for it.'),
  assumeRole: assumeRole.optional().describe('The role that may use the bucket; without it, our own credentials.'),
})

const gcs = closed({
  bucket: formedAs(/^[a-z0-9](?!.*\.\.)[a-z0-9._-]{1,220}[a-z0-9]$/, GCS_BUCKET_EXPECTED, BUCKET_REMEDY).describe(
    'Name of the bucket.',
  ),
  endpoint: formed(SECURE_URL_FORM, SECURE_URL_EXPECTED)
    .optional()
    .describe("Address of another server; without it, Google's."),
  projectId: filledIn.optional().describe('Project of the bucket; without it, that of the credentials.'),
  keyFile: formed(/^[^{\r\n][^\r\n]*$/, "the path of a service account's key file, not what stands in it")
    .optional()
    .describe('Path of a key file or of a federation configuration; without it, the application default credentials.'),
  userProject: filledIn.optional().describe('Project that pays, for a Requester Pays bucket.'),
})

/** The keys of a place; exactly one of them is given. */
export const LOCATION_KEYS = ['directory', 's3', 'gcs'] as const

/** The keys of a place, for an object that has others too; `directory` says what the folder is. */
export function locationShape(directory: string) {
  return {
    directory: text.optional().describe(`${directory} One of \`directory\`, \`s3\` and \`gcs\` is required.`),
    s3: s3.optional().describe('A bucket of Amazon S3 or of a server that speaks its protocol.'),
    gcs: gcs.optional().describe('A bucket of Google Cloud Storage.'),
  }
}

/** A place and nothing else. */
export function locationSchema(directory: string) {
  return exactlyOne(closed(locationShape(directory)), LOCATION_KEYS)
}
