export interface ConfigProblem {
  /** `sip.listen.0`; empty for the file as a whole. */
  readonly path: string;
  /** The file with the fault, as it was named or found; null where the value came from elsewhere. */
  readonly file: string | null;
  /** In that file, from 1; null where the value came from elsewhere. */
  readonly line: number | null;
  /** The environment variable that set the value; null otherwise. */
  readonly variable: string | null;
  /** What was expected. */
  readonly message: string;
  /** The known key, or the word, that was probably meant. */
  readonly nearest: string | null;
}

/** One line a problem, as `check-config` and a refused start or reload print them: nothing in it that a terminal obeys. */
export function describe(problems: readonly ConfigProblem[], file: string | null): string {
  return problems
    .map(({ path, file: own, line, variable, message, nearest: near }) => {
      const where = variable ?? `${own ?? file ?? 'configuration'}${line === null ? '' : `:${line}`}`;
      const text = `${where}: ${path === '' ? '' : `${path}: `}${message}${near === null ? '' : ` (did you mean ${near}?)`}`;
      return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '?');
    })
    .join('\n');
}

/** As the lines stand in the files, which come in their order; what came from the environment, or stands nowhere, last. */
export function inOrder(problems: readonly ConfigProblem[], files: readonly string[]): readonly ConfigProblem[] {
  const place = ({ file, line }: ConfigProblem): readonly [number, number] => {
    const at = file === null ? -1 : files.indexOf(file);
    return line === null ? [files.length, 0] : [at, line];
  };
  return [...problems].sort((a, b) => {
    const [[fileA, lineA], [fileB, lineB]] = [place(a), place(b)];
    return fileA - fileB || lineA - lineB;
  });
}
