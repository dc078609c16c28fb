import { useEffect, useRef } from 'preact/hooks';
import { route } from './data/place.ts';
import { connection, lastHeard, problem, role, status } from './data/session.ts';
import { type Theme, theme, themes } from './data/theme.ts';
import { forgetToken, hasToken } from './link/ask.ts';
import { QuestionDialog } from './parts/dialogs.tsx';
import { ForwardDialog } from './parts/forward.tsx';
import { Icon } from './parts/icons.tsx';
import { LoginDialog } from './parts/login.tsx';
import { Badge } from './parts/note.tsx';
import { AuditView } from './views/audit.tsx';
import { ExtensionView } from './views/extension.tsx';
import { GridView } from './views/grid.tsx';
import { LinksView } from './views/links.tsx';
import { SetupView } from './views/setup.tsx';
import { SubscriptionView } from './views/subscription.tsx';
import { SubscriptionsView } from './views/subscriptions.tsx';
import type { Route } from './words/route.ts';
import { clockText } from './words/times.ts';
import { upright } from './words/words.ts';

export function App() {
  const lost = connection.value === 'lost';
  return (
    <div class="app" data-lost={lost}>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        To the content
      </button>
      <Top />
      <Banners />
      <Main />
      <ForwardDialog />
      <QuestionDialog />
      <LoginDialog />
    </div>
  );
}

function Main() {
  const main = useRef<HTMLElement>(null);
  const shown = route.value;
  const first = useRef(true);
  useEffect(() => {
    document.title = `${titleOf(shown)} · Lamplighter`;
    // A new view begins at its top, for eyes and for the Tab key; the first one where the browser puts it.
    if (!first.current) {
      scrollTo(0, 0);
      main.current?.focus({ preventScroll: true });
    }
    first.current = false;
  }, [shown]);
  return (
    <main id="main" tabIndex={-1} ref={main}>
      <View of={shown} />
    </main>
  );
}

function View({ of }: { readonly of: Route }) {
  switch (of.view) {
    case 'grid':
      return <GridView />;
    case 'ext':
      return <ExtensionView key={of.ext} name={of.ext} />;
    case 'subscriptions':
      return <SubscriptionsView />;
    case 'subscription':
      return <SubscriptionView key={of.id} id={of.id} />;
    case 'audit':
      return <AuditView />;
    case 'links':
      return <LinksView />;
    case 'setup':
      return <SetupView />;
    default:
      return (
        <p class="note">
          There is no page {upright(of.path)}. <a href="#/">To the extensions</a>
        </p>
      );
  }
}

function titleOf(shown: Route): string {
  switch (shown.view) {
    case 'grid':
      return 'Extensions';
    case 'ext':
      return upright(shown.ext);
    case 'subscription':
      return `Subscription ${upright(shown.id)}`;
    case 'links':
      return 'Health';
    case 'unknown':
      return 'No such page';
    default:
      return shown.view[0]?.toUpperCase() + shown.view.slice(1);
  }
}

const pages = [
  { views: ['grid', 'ext'], path: '#/', name: 'Extensions' },
  { views: ['subscriptions', 'subscription'], path: '#/subscriptions', name: 'Subscriptions' },
  { views: ['audit'], path: '#/audit', name: 'Audit' },
  { views: ['links'], path: '#/links', name: 'Health' },
  { views: ['setup'], path: '#/setup', name: 'Setup' },
] as const satisfies readonly { views: readonly Route['view'][]; path: string; name: string }[];

/** Setting up is for those who have only the demo yet; others reach it by its address. */
function isOffered({ path }: { readonly path: string }): boolean {
  return path !== '#/setup' || status.value?.simulator === true || route.value.view === 'setup';
}

function Top() {
  const now = status.value;
  const view = route.value.view;
  return (
    <header class="top">
      <a class="brand" href="#/">
        Lamplighter
      </a>
      <nav aria-label="Pages">
        {pages.filter(isOffered).map((page) => (
          <a
            key={page.path}
            href={page.path}
            aria-current={(page.views as readonly string[]).includes(view) ? 'page' : undefined}
          >
            {page.name}
          </a>
        ))}
      </nav>
      <div class="pills">
        <Connection />
        {now !== null && !now.ready && (
          <a class="pill-link" href="#/links">
            <Badge level="fail">not ready: {whatFails(now.checks)}</Badge>
          </a>
        )}
        {now?.you !== undefined && role.value !== 'admin' && (
          <Badge level="plain" title="What this role may not do is switched off">
            {now.you.name}: {role.value === 'read' ? 'may look, not change' : 'may operate, not set up'}
          </Badge>
        )}
        <label class="choice">
          <span class="unseen">Colours</span>
          <select
            value={theme.value}
            onChange={(event) => {
              theme.value = event.currentTarget.value as Theme;
            }}
          >
            {themes.map((one) => (
              <option key={one} value={one}>
                {{ auto: 'Auto', light: 'Light', dark: 'Dark' }[one]}
              </option>
            ))}
          </select>
        </label>
        {hasToken() && (
          <button
            type="button"
            class="small"
            onClick={() => {
              forgetToken();
              location.reload();
            }}
          >
            Log out
          </button>
        )}
      </div>
    </header>
  );
}

function whatFails(checks: readonly { readonly name: string; readonly ok: boolean }[]): string {
  return checks
    .filter(({ ok }) => !ok)
    .map(({ name }) => name)
    .join(', ');
}

function Connection() {
  const words = { connecting: 'connecting', live: 'live', lost: 'connection lost' }[connection.value];
  return (
    <span
      class="badge"
      id="connection"
      data-level={{ connecting: 'plain', live: 'ok', lost: 'fail' }[connection.value]}
    >
      {connection.value === 'lost' && <Icon name="unplugged" size={12} />}
      {connection.value === 'live' && <Icon name="ok" size={12} />}
      {words}
    </span>
  );
}

function Banners() {
  const stale = status.value?.links.filter(({ state }) => state !== 'up') ?? [];
  const waiting = status.value?.pendingRestart ?? [];
  return (
    <>
      <div role="status">
        {connection.value === 'lost' && (
          <p class="banner" data-level="fail">
            <Icon name="unplugged" /> Connection to Lamplighter lost. What you see is of{' '}
            {clockText(new Date(lastHeard.peek()).toISOString(), Date.now())}; trying again…
          </p>
        )}
        {connection.value === 'live' && stale.length > 0 && (
          <p class="banner" data-level="warn">
            <Icon name="warn" /> The PBX {stale.map(({ source }) => source).join(', ')} is away
            {stale[0]?.reason ? ` (${stale[0].reason})` : ''}. Its extensions are shown as they were last known.
          </p>
        )}
      </div>
      {waiting.length > 0 && (
        <p class="banner" data-level="warn">
          <Icon name="warn" /> Changed in the files, and waiting for a restart: {waiting.join(', ')}
        </p>
      )}
      {problem.value !== null && (
        <div class="banner" data-level="fail" role="alert">
          <span>{problem}</span>
          <button
            type="button"
            class="small"
            onClick={() => {
              problem.value = null;
            }}
          >
            Dismiss
          </button>
        </div>
      )}
    </>
  );
}
