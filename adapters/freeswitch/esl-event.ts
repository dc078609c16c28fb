/** An event in JSON: header to value, the body under `_body`. Foreign data: nothing in it is sure. */
export type EslEvent = Readonly<Record<string, string>>;
