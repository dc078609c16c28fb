/** The option tags a phone may require of a SUBSCRIBE: lists (RFC 4662), and a list in its body (RFC 5367). */
export const extensions: readonly string[] = ['eventlist', 'recipient-list-subscribe'];
