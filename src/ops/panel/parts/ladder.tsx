import { useComputed, useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useTrace } from '../data/trace.ts';
import { download } from '../link/ask.ts';
import type { Traced } from '../words/shapes.ts';
import { preciseText } from '../words/times.ts';
import { counted, upright } from '../words/words.ts';
import { ActionButton } from './action.tsx';
import { CopyButton } from './copy.tsx';

/** The SIP messages of somebody as they come and go, the newest below; `query` is that of the API. */
export function Ladder({ query, name }: { readonly query: string; readonly name: string }) {
  const { messages, live, missed, problem } = useTrace(query);
  const chosen = useSignal<Traced['id'] | null>(null);
  const message = useComputed(() => messages.value.find(({ id }) => id === chosen.value) ?? null);
  // Who looks at the newest goes on seeing the newest; who has scrolled back is left there.
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    if (atEnd.current) box.current?.scrollTo(0, box.current.scrollHeight);
  }, [messages.value]);
  return (
    <section class="box ladder" aria-label="SIP messages">
      <div class="box-head">
        <h2>SIP messages</h2>
        <p class="quiet">
          {counted(messages.value.length, 'message')}
          {live.value ? ', live' : ''}
          {missed.value > 0 ? '; some passed too fast to be shown' : ''}
        </p>
        <span class="spring" />
        <ActionButton needs="read" act={() => download(`/api/v1/trace.pcap?${query}`, `${name}.pcap`)}>
          Download pcap
        </ActionButton>
      </div>
      {problem.value !== null && <p class="note">{problem}</p>}
      {problem.value === null && messages.value.length === 0 && (
        <p class="note">{live.value ? 'None in the trace. They come up here as they are sent.' : 'Reading…'}</p>
      )}
      {messages.value.length > 0 && (
        <div class="ladder-body">
          <div
            class="scroll"
            ref={box}
            onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
              atEnd.current = scrollHeight - scrollTop - clientHeight < 8;
            }}
          >
            <table>
              <thead>
                <tr>
                  <th scope="col">Time</th>
                  <th scope="col">Other side</th>
                  <th scope="col">Message</th>
                </tr>
              </thead>
              <tbody onKeyDown={walk}>
                {messages.value.map((one, index) => (
                  <Row
                    key={one.id}
                    message={one}
                    before={messages.value[index - 1]}
                    chosen={one.id === chosen.value}
                    choose={() => {
                      chosen.value = one.id === chosen.peek() ? null : one.id;
                    }}
                  />
                ))}
              </tbody>
            </table>
          </div>
          {message.value !== null && <Raw message={message.value} />}
        </div>
      )}
    </section>
  );
}

interface RowOf {
  readonly message: Traced;
  readonly before: Traced | undefined;
  readonly chosen: boolean;
  readonly choose: () => void;
}

function Row({ message, before, chosen, choose }: RowOf) {
  const { at, direction, remote, transport, status } = message;
  const summary = upright(message.summary);
  const gap = before === undefined ? 0 : Date.parse(at) - Date.parse(before.at);
  const words = direction === 'in' ? 'from' : 'to';
  return (
    <tr
      class={message.missed ? 'gap' : undefined}
      data-direction={direction}
      data-kind={kindOf(status)}
      data-chosen={chosen}
    >
      <td class="time">
        {preciseText(at)}
        {gap > 0 && <small> +{gap < 1000 ? `${gap} ms` : `${(gap / 1000).toFixed(1)} s`}</small>}
      </td>
      <td class="party">
        {transport} {remote}
      </td>
      <td class="arrow">
        <button
          type="button"
          aria-expanded={chosen}
          aria-label={`${preciseText(at)} ${words} ${remote}: ${summary}`}
          onClick={choose}
        >
          <span>
            {summary}
            {message.retransmission === true && ' (again)'}
            {message.unserved && ` (${message.unserved} is not served)`}
          </span>
        </button>
      </td>
    </tr>
  );
}

/** Answers are told apart by their class; a request has none. */
function kindOf(status: number | null): string {
  if (status === null) return 'request';
  if (status < 200) return 'provisional';
  return status < 300 ? 'success' : status === 401 || status === 407 ? 'challenge' : 'failure';
}

function Raw({ message }: { readonly message: Traced }) {
  return (
    <section class="raw" aria-label="The selected message">
      <div class="box-head">
        <p class="quiet">
          {message.direction === 'in' ? `${message.remote} → ${message.local}` : `${message.local} → ${message.remote}`}
        </p>
        <span class="spring" />
        <CopyButton text={message.text} what="the message" />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard */}
      <pre tabIndex={0}>{message.text}</pre>
    </section>
  );
}

/** Up and down from message to message. */
function walk(event: KeyboardEvent): void {
  const step =
    event.key === 'ArrowDown' ? 'nextElementSibling' : event.key === 'ArrowUp' ? 'previousElementSibling' : null;
  const row = (event.target as Element).closest('tr');
  if (step === null || row === null) return;
  event.preventDefault();
  row[step]?.querySelector('button')?.focus();
}
