/** Thrown within this room only, where what is read turns out to be no XML: the reader makes a refusal of it. */
export class NotWellFormed extends Error {}
