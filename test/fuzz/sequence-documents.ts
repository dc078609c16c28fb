import { splitMultipart } from '../../src/event-packages/multipart.ts';
import { ListTable, listIn } from '../support/list-view.ts';

/** What a subscription was told, put together from its NOTIFYs: key to document, free of what differs each time. */
export class Documents {
  #told = new Map<string, string>();
  #list: ListTable | null = null;
  #version = -1;

  /** Takes one body. Throws where the version went back. */
  take(contentType: string, content: string): void {
    if (contentType.startsWith('multipart/related')) {
      this.#list ??= new ListTable();
      this.#list.take(listIn({ contentType, body: content }));
      this.#told = new Map(
        [...this.#list.rows].map(([uri, row]) => [uri, `${row.state} ${plain(row.part?.content ?? '')}`]),
      );
      return;
    }
    const version = /<(?:dialog-info|watcherinfo|reginfo)\s[^>]*\bversion="(\d+)"/.exec(content)?.[1];
    if (version !== undefined) {
      if (Number(version) <= this.#version) throw new Error(`version ${version} after ${this.#version}`);
      this.#version = Number(version);
    }
    if (contentType.startsWith('multipart/mixed')) {
      for (const part of partsOf(contentType, content)) this.#feature(part);
    } else if (contentType === 'application/x-as-feature-event+xml') this.#feature(content);
    else this.#told = new Map([['', `${contentType} ${plain(content)}`]]);
  }

  /** The same history of versions, and nothing told. */
  forget(): void {
    this.#told = new Map();
  }

  told(): string {
    return [...this.#told]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, text]) => `${key}: ${text}`)
      .join('\n');
  }

  #feature(xml: string): void {
    const kind = /<(\w+Event)\b/.exec(xml)?.[1] ?? '';
    const type = /<forwardingType>(\w+)/.exec(xml)?.[1] ?? '';
    // said on the way to a state
    if (kind === 'AgentLoggedOnEvent') return;
    this.#told.set(kind.startsWith('Agent') ? 'agent' : `${kind} ${type}`, xml);
  }
}

function partsOf(_: string, content: string): readonly string[] {
  const split = splitMultipart(Buffer.from(content), 20);
  if (!split.ok) throw new Error('a multipart body that our own reader refuses');
  return split.value.map((part) => part.content.toString());
}

/** Without versions, times and what has ended: those are told once. */
function plain(content: string): string {
  return content
    .replaceAll(/ version="\d+"/g, '')
    .replace(/(?<=<registration [^>]*state=")terminated/, 'init')
    .replaceAll(/ (?:duration-subscribed|expiration)="\d+"/g, '')
    .replaceAll(/<dialog [^>]*><state>terminated<\/state><\/dialog>/g, '')
    .replaceAll(/<watcher [^>]*status="terminated"[^>]*>[^<]*<\/watcher>/g, '')
    .replaceAll(/<contact [^>]*state="terminated"[^>]*>.*?<\/contact>/gs, '')
    .replace(/<timestamp>[^<]*<\/timestamp>/g, '');
}
