/** RFC 3261 17.1.1.1, table 4; milliseconds. */
export const t1 = 500;
export const t2 = 4000;
/** 17.1.2.2: a non-INVITE request gives up. */
export const timerF = 64 * t1;
/** 17.2.2: how long an answer is kept for retransmissions over UDP. */
export const timerJ = 64 * t1;
/** 17.1.1.2: an INVITE nobody answers. */
export const timerB = 64 * t1;
/** 17.1.1.2: how long repeated refusals of a call are acknowledged again, over UDP; Table 4: at least 32 s. */
export const timerD = 32_000;
/** 17.2.1: an ACK that never comes. */
export const timerH = 64 * t1;
/** 17.2.1: repeated ACKs are absorbed, over UDP: T4. */
export const timerI = 5000;
/** RFC 6026 8.7 and 8.4: how long 2xx answers of an INVITE may still be repeated, and others come. */
export const timerL = 64 * t1;
export const timerM = 64 * t1;
/** RFC 3261 16.6 step 11: "larger than 3 minutes". */
export const timerC = 185_000;
