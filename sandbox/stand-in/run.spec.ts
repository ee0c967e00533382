import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

describe.each(['openai', 'suno', 'creatomate'])('the %s process', name => {
  it('says where it listens and stops on SIGTERM, whatever is still open', async () => {
    const main = fileURLToPath(new URL(`../${name}/main.ts`, import.meta.url));
    const child = spawn(process.execPath, [main], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, PORT: '0' },
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const [, url] = /^listening (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(String(line)) ?? [];
    const headers = { connection: 'keep-alive' };
    expect((await fetch(`${url}/__sim/requests`, { headers })).status).toBe(200);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
