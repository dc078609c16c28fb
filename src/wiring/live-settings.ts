import type { Gate } from '../commands/gate.ts';
import type { Compositor } from '../compositor/compositor.ts';
import { listsOf } from '../config/readings.ts';
import { uaProfile } from '../event-packages/ua-profile/ua-profile.ts';
import type { Notifier } from '../notifier/notifier.ts';
import type { LogLevels } from '../ops/log-levels.ts';
import type { Push } from '../push/push.ts';
import type { Hub } from '../state/hub.ts';
import type { Lists } from '../state/lists.ts';
import type { Watcher } from '../watcher/watcher.ts';
import type { Current } from './current.ts';
import type { HookPlace } from './hook-place.ts';
import type { ProfileRoom } from './profiles.ts';
import { intervalOf } from './publish.ts';
import { pushRulesOf } from './push.ts';
import type { Stage } from './stages.ts';

export interface LiveRooms {
  readonly current: Current;
  readonly hub: Hub;
  readonly gate: Gate;
  readonly hooks: HookPlace;
  readonly notifier: Notifier;
  readonly lists: Lists;
  readonly compositor: Compositor;
  readonly watcher: Watcher;
  readonly push: Push;
  readonly profiles: ProfileRoom;
  readonly logLevels: LogLevels;
}

/** The rooms that need nothing but another value. First of all stages, as the others read what is current. */
export function liveSettings(rooms: LiveRooms): Stage {
  const { current, hub, gate, hooks, notifier, lists, compositor, watcher, push, profiles, logLevels } = rooms;
  return {
    name: 'settings',
    prepare: ({ after, touches }) => ({
      commit: async () => {
        const { config } = after;
        if (touches('log.level')) logLevels.set(config.log.level, null);
        const put = () => current.put(after);
        const style = () => (touches('phones') ? notifier.restyle(after, put) : put());
        if (touches('publish.rights')) hub.renewPublished(notifier.resources(), style);
        else style();
        gate.exchange({ policy: after.policy, hook: hooks.hooks ?? undefined });
        if (touches('publish')) compositor.exchange(intervalOf(config));
        if (touches('phones.profiles')) watcher.renew(hub.list());
        if (touches('lists', 'groups')) lists.exchange(listsOf(config));
        if (touches('push', 'phones.profiles')) {
          const registered = hub.list().filter((aor) => hub.view(aor).contacts > 0);
          push.exchange(pushRulesOf(config), registered);
        }
        if (touches('profiles', 'aliases'))
          await profiles.exchange(config, (change) => notifier.rewrite(uaProfile.event, change));
      },
    }),
  };
}
