import { StandIn, type Provider } from './server.ts';
import { settingsFrom, type Settings } from './settings.ts';

/** Serves one provider until SIGTERM or SIGINT. */
export async function run(provider: (settings: Settings) => Provider) {
  const settings = settingsFrom(process.env);
  const running = await new StandIn(provider(settings)).listen(settings);
  console.log(`listening ${running.url}`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void running.close().then(() => process.exit(0)));
  }
}
