// Started by sqlite-store.test.ts: promises one birth and one reservation, says so, and waits to be killed.
import { systemClock } from '../../src/model/clock.ts';
import { systemRandom } from '../../src/model/random.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import { subscriptionRow } from '../contracts/store.ts';
import { silentLogger } from '../support/silent-logger.ts';

const store = new SqliteStore({
  path: process.argv[2] ?? '',
  clock: systemClock,
  random: systemRandom,
  logger: silentLogger,
});
store.load(0);
await store.putSubscription(subscriptionRow(1));
store.reserve(1, 7000, 7000);
process.stdout.write('promised\n');
setInterval(() => undefined, 1000);
