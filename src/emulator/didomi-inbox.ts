/** `POST /consents/events`: what comes in, alone or by the hundred, and what is answered. */
import { type EventComplaints, type EventDraft, readEvent } from './didomi-event.ts'
import type { DidomiEvent, DidomiPeople } from './didomi-people.ts'
import { type DidomiReply, didomiRefusal } from './didomi-reply.ts'
import type { DidomiSettings } from './didomi-settings.ts'

/** Didomi: batch import, events of a request. */
const MAX_EVENTS = 100

/** An event that was accepted, or met again, as a test looks at it. */
export interface ReceivedEvent {
  readonly event: DidomiEvent
  /** Whether its id was known: then it changed nothing. */
  readonly repeated: boolean
  /** Whether it would be passed on to the organization's integrations. (Didomi: `$disable_integrations` stops that.) */
  readonly forwarded: boolean
}

/** Receives events, and remembers them in order. */
export interface EventInbox {
  readonly received: readonly ReceivedEvent[]
  /** Answers 201 with what is stored: an event for an event, a list for a list. */
  receive(body: unknown, integrationsDisabled: boolean): DidomiReply
}

/** Opens the inbox of an organization. */
export function openInbox(settings: DidomiSettings, people: DidomiPeople): EventInbox {
  const received: ReceivedEvent[] = []
  const { duplicateEvent, partialArrays } = settings

  /** A complaint about an event whose id is known, where the organization answers one. */
  const complaintAbout = (read: EventDraft | EventComplaints, seen: Set<string>): Complaint | undefined => {
    if ('complaints' in read) {
      return { status: read.notUnderstood ? 501 : 400, message: textOf(read) }
    }
    if (read.id === undefined || duplicateEvent === 'stored') return undefined
    const isKnown = seen.has(read.id) || people.event(read.id) !== undefined
    seen.add(read.id)
    if (!isKnown) return undefined
    return { status: duplicateEvent === 'conflict' ? 409 : 400, message: `the event id ${read.id} exists already` }
  }

  const store = (draft: EventDraft, integrationsDisabled: boolean): DidomiEvent => {
    const repeated = draft.id !== undefined && people.event(draft.id) !== undefined
    const event = people.post(draft)
    received.push({ event, repeated, forwarded: !repeated && !integrationsDisabled })
    return event
  }

  return {
    received,
    receive(body, integrationsDisabled) {
      const bodies: readonly unknown[] = Array.isArray(body) ? body : [body]
      if (bodies.length === 0 || bodies.length > MAX_EVENTS) {
        return didomiRefusal(400, `a request holds 1 to ${MAX_EVENTS} events`)
      }
      const seen = new Set<string>()
      const reads = bodies.map((one) => readEvent(one, settings))
      const complaints = reads.map((read) => complaintAbout(read, seen))
      const wrong = complaints.flatMap((complaint, index) => (complaint === undefined ? [] : [{ index, ...complaint }]))
      const stored = reads.flatMap((read, index) =>
        'complaints' in read || complaints[index] !== undefined || (wrong.length > 0 && !partialArrays)
          ? []
          : [store(read, integrationsDisabled)],
      )
      const [first] = wrong
      if (first === undefined) return { status: 201, body: Array.isArray(body) ? stored : stored[0] }
      const errors = wrong.map(({ index, message }) => ({ index, message }))
      return didomiRefusal(first.status, Array.isArray(body) ? 'some events are not valid' : first.message, errors)
    },
  }
}

interface Complaint {
  readonly status: number
  readonly message: string
}

const textOf = ({ complaints, notUnderstood }: EventComplaints): string =>
  notUnderstood ? `The emulator does not understand ${complaints.join(', ')}.` : complaints.join('; ')
