import { printable as foreignText } from '../model/printable.ts';
/** What a command has around it; the process, or a test. */
export interface Terminal {
  /** Answers, for people and for pipes. */
  out(text: string): void;
  /** Whatever is no answer. */
  err(text: string): void;
  /** The exit code, once the command has ended by itself. */
  exit(code: number): void;
  /** Ends at once. */
  abort(code: number): never;
  /** Who reads the answers may stop in the middle: `lamplighter ext | head -1`. Not for the daemon, whose log it is. */
  mayBeCut(): void;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** EX_IOERR of sysexits: the answer could not be written. */
const ioError = 74;

/** The terminal that this process has. */
export function processTerminal(): Terminal {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    exit: (code) => {
      process.exitCode = code;
    },
    abort: (code) => process.exit(code),
    mayBeCut: () => {
      process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : ioError));
    },
    environment: process.env,
  };
}

/**
 * Foreign text fit for one line of a terminal: control characters and signs that turn the direction of writing become
 * `?`, any run of spaces one space.
 */
export function printable(text: string): string {
  return foreignText(text).replace(/\s+/gu, ' ');
}

/** A line as `printable`, in which spaces and tabs stand as they are. */
export function visible(line: string): string {
  return line.replace(/(?!\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '?');
}

/** JSON for programs and for eyes: what a terminal would obey, or lay out in another direction, is escaped. */
export function asJson(value: unknown, indent = 2): string {
  const text = JSON.stringify(value, null, indent) ?? 'null';
  return `${text.replace(/[\u007f-\u009f\u2028\u2029]|(?!\n)[\p{Cc}\p{Cf}]/gu, escaped)}\n`;
}

function escaped(sign: string): string {
  // by UTF-16 unit, as JSON has it
  return [...Array(sign.length).keys()].map((at) => `\\u${sign.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');
}
