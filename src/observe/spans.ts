/** The one registry of spans and their attributes; docs/observability.md knows these and no others. No value identifies a person. */

/** A request's own name follows its message and table: `UpdateMultiple contact`. */
export const SPANS = {
  run: 'A whole run.',
  stage: 'One of its stages: `ingest`, `deliver <target>`, …',
  'ingest partition': 'A partition, from its first object to its last.',
  'ingest object': 'One object of a partition.',
  'deliver chunk': 'Up to 1,000 persons, from reading to settling.',
  request:
    'One attempt of one request: to Dataverse by message and table, to Didomi as `Didomi users`, `Didomi events`, …',
  'list objects': 'One listing of the source, from its first object to its last.',
  'put object': 'One object that is copied to the archive, or a report that is put somewhere.',
} as const

export type SpanName = keyof typeof SPANS

export const ATTRIBUTES = {
  'didomi_dataverse.run': 'Id of the run.',
  'didomi_dataverse.command': '`sync`, `apply`, `bootstrap`, `reverse` or `migrate`.',
  'didomi_dataverse.exit_code': 'Exit code of the run.',
  'didomi_dataverse.stage': 'Name of the stage.',
  'didomi_dataverse.target': 'Name of the target.',
  'didomi_dataverse.export_id': "Id of Didomi's export.",
  'didomi_dataverse.date': 'Date of the partition.',
  'didomi_dataverse.objects': 'Objects of the partition, or of the listing.',
  'didomi_dataverse.bytes': 'Size of the object.',
  'didomi_dataverse.lines': 'Lines read.',
  'didomi_dataverse.rejects': 'Lines that could not be read.',
  'didomi_dataverse.persons': 'Persons of the chunk.',
  'didomi_dataverse.rows': 'Rows that the request writes.',
  'http.request.method': 'Method of the request.',
  'url.template': 'Its path below the API root, without query and keys: `contacts({id})`.',
  'http.response.status_code': 'Status of the answer.',
  'error.type': 'Error code, or HTTP status, of what failed.',
} as const

export type AttributeName = keyof typeof ATTRIBUTES

export type Attributes = Readonly<Partial<Record<AttributeName, string | number>>>
