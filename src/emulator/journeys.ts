/** How Customer Insights – Journeys is set up in the environment, as far as it decides whom a message may reach. */

/** How a purpose treats consent on a channel. (Dataverse: the enforcement columns of `msdynmkt_purpose`.) */
export type EnforcementModel = 'restrictive' | 'non-restrictive' | 'disabled'

/** What a purpose is for. (Dataverse: `msdynmkt_type` of `msdynmkt_purpose`.) */
export type PurposeType = 'commercial' | 'transactional' | 'tracking'

/** Settings of the environment, and switches where its documentation is silent or contradicts itself. */
export interface JourneysSettings {
  /** Whether consent of other business units than the purpose's and the profile's is passed over; off in a new environment. */
  readonly businessUnitScoping: boolean
  /** The feature switch "Check contact consent in real-time journeys": whether flags of the contact count as well. */
  readonly checkContactConsent: boolean
  /**
   * The model of a purpose that names none for the channel: unknown, so the one that sends least. Two pages tell how the
   * purposes that come with the product are set, and disagree: commercial non-restrictive and transactional disabled, or
   * commercial restrictive and transactional non-restrictive.
   */
  readonly unsetModel: Readonly<Record<PurposeType, EnforcementModel>>
  /**
   * Whether commercial messages by text and custom channels need an opt-in whatever the purpose says, as an older page
   * has it; newer pages and the table have a model per channel.
   */
  readonly commercialTextNeedsOptIn: boolean
  /** What a deactivated purpose or topic does: nothing (only pickers and segments are known to hide it), or block. */
  readonly inactivePurposes: 'evaluate' | 'block'
  /** Whether the row of a topic counts that names another purpose than the topic's own; nothing is known to forbid it. */
  readonly topicRows: 'any-purpose' | 'own-purpose'
  /** How addresses are compared: what the consent service makes equal is unknown, so as the database compares text. */
  readonly addresses: 'database' | 'exact'
}

/** A new environment. */
export const USUAL_JOURNEYS: JourneysSettings = {
  businessUnitScoping: false,
  checkContactConsent: false,
  unsetModel: { commercial: 'restrictive', transactional: 'restrictive', tracking: 'restrictive' },
  commercialTextNeedsOptIn: false,
  inactivePurposes: 'evaluate',
  topicRows: 'any-purpose',
  addresses: 'database',
}
