/** RFC 3261 17.1.1.1, table 4; milliseconds. */
export const t1 = 500;
export const t2 = 4000;
/** 17.1.2.2: a non-INVITE request gives up. */
export const timerF = 64 * t1;
/** 17.2.2: how long an answer is kept for retransmissions over UDP. */
export const timerJ = 64 * t1;
