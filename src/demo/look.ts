/** Looks at the demo's Dataverse from the side, through the emulator's control door. */

interface ControlRow {
  readonly [column: string]: unknown
}

async function rows(url: string, set: string): Promise<ControlRow[]> {
  const answer = await fetch(`${url}/__emulator/rows/${set}`)
  const body = (await answer.json()) as { rows?: ControlRow[] } | ControlRow[]
  return Array.isArray(body) ? body : (body.rows ?? [])
}

const PERSONS = [
  ['clara.mindchanger@example.com', 'opts out later in the week'],
  ['theo.twodevices@example.com', 'two devices that disagree'],
  ['uma.unsubscriber@example.com', 'unsubscribed in Dynamics after an older opt-in'],
] as const

const PURPOSES: Record<string, string> = {
  '10f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f1': 'newsletter',
  '10f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f2': 'partner offers',
  '20f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f2': 'sports',
  '20f3a5c7-9b1d-4e2f-8a60-c2e4a6b8d0f3': 'travel',
}

const CHOICES: Record<string, string> = { 534120000: 'not set', 534120001: 'opted in', 534120002: 'opted out' }

/** The three persons of the fixtures, invented, so that they may be shown: contact columns and consent rows. */
export async function showPersons(url: string): Promise<string> {
  const contacts = await rows(url, 'contacts')
  const consents = await rows(url, 'msdynmkt_contactpointconsent4s')
  return PERSONS.map(([address, story]) => {
    const contact = contacts.find(({ emailaddress1 }) => emailaddress1 === address)
    const own = consents
      .filter(({ msdynmkt_contactpointvalue: value }) => value === address)
      .map((row) => {
        const id = String(row['msdynmkt_topicid'] ?? row['msdynmkt_purposeid'])
        return `${PURPOSES[id] ?? id} ${CHOICES[String(row['msdynmkt_value'])]}`
      })
    return [
      `  ${address} (${story})`,
      `    contact columns: newsletter ${contact?.['new_newsletter']}, offers ${contact?.['new_partneroffers']}, topics ${contact?.['new_topics']}, do-not-bulk-email ${contact?.['donotbulkemail']}`,
      `    consent rows:    ${own.length === 0 ? 'none' : own.sort().join(', ')}`,
    ].join('\n')
  }).join('\n')
}

/** Rows written so far, counted by the server. */
export async function countWrites(url: string): Promise<number> {
  const answer = await fetch(`${url}/__emulator/counters`)
  const { rowsCreated, rowsUpdated } = (await answer.json()) as { rowsCreated: number; rowsUpdated: number }
  return rowsCreated + rowsUpdated
}
