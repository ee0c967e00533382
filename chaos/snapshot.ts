import type { Scene } from './scene.ts';

/** A table as text, to be compared. */
export async function rowsOf(scene: Scene, service: string, table: string): Promise<string> {
  return JSON.stringify(await scene.sql(service, `select * from ${table} order by 1, 2, 3`));
}

/** How often the providers were called, and for what; but for templates, which a service that starts looks at. */
export async function callsMade({ studio }: Scene): Promise<string> {
  const providers = ['openai', 'suno', 'creatomate'] as const;
  const logs = await Promise.all(providers.map(provider => studio.requests(provider)));
  const calls = logs.flatMap(({ requests }, i) =>
    requests.map(({ method, path }) => `${providers[i]} ${method} ${path.replace(/[^/]*\d[^/]*/g, '*')}`),
  );
  const other = calls.filter(call => !/template|dry-run/.test(call));
  return [...Map.groupBy(other, call => call)]
    .map(([call, { length }]) => `${length} ${call}`)
    .sort()
    .join(', ');
}

/** Orders the paid providers took. */
export async function paidFor({ studio }: Scene): Promise<number> {
  return (await studio.submits('suno')).length + (await studio.submits('creatomate')).length;
}

/** Where two texts part. */
export function difference(before: string, after = ''): string {
  const at = [...before].findIndex((letter, i) => letter !== after[i]);
  return `...${before.slice(Math.max(0, at - 100), at + 100)}... became ...${after.slice(Math.max(0, at - 100), at + 100)}...`;
}
