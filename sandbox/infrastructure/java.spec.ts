import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = `
  const { ensureJava } = await import(${JSON.stringify(join(import.meta.dirname, 'java.ts'))});
  const { ProcessTree } = await import(${JSON.stringify(join(import.meta.dirname, '../process-tree.ts'))});
  const [dir, uid] = process.argv.slice(1);
  process.getuid = () => Number(uid);
  const tree = new ProcessTree({ dir, exact: true, log: console.log });
  const both = [ensureJava(tree, { maven: false }), ensureJava(tree, { maven: true })];
  const results = await Promise.allSettled(both);
  console.log(results.map(result => result.reason?.message ?? 'ready').join('\\n'));
  await tree.close();
`;
const fakeJava = (version: string) => `#!/bin/sh\necho 'openjdk version "${version}" 2025-04-15' >&2\n`;

describe('Java and Maven', () => {
  let dir: string;
  let bin: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'castad-java-'));
    bin = join(dir, 'bin');
    mkdirSync(bin);
  });

  afterEach(() => rmSync(dir, { recursive: true }));

  const put = (name: string, text: string) => writeFileSync(join(bin, name), text, { mode: 0o755 });
  const ensure = (uid: number) => {
    const args = ['--input-type=module', '-e', program, join(dir, 'sandbox'), String(uid)];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: { PATH: bin } });
    return stdout + stderr;
  };
  /** Writes down what it was asked for, and puts programs in their place. */
  const putAptGet = () => {
    writeFileSync(join(dir, 'java'), fakeJava('17.0.15'), { mode: 0o755 });
    writeFileSync(join(dir, 'mvn'), '#!/bin/sh\n', { mode: 0o755 });
    const install = `/bin/cp ${dir}/java ${dir}/mvn ${bin}`;
    put('apt-get', `#!/bin/sh\necho "$@" >> ${dir}/asked\n[ "$1" = update ] || ${install}\n`);
  };

  it('are left alone when they are there', () => {
    put('java', fakeJava('21.0.1'));
    put('mvn', '#!/bin/sh\n');
    putAptGet();
    expect(ensure(0)).toBe('ready\nready\n');
  });

  it('are installed once, and announced, where the user is root and apt-get is there', () => {
    putAptGet();
    expect(ensure(0)).toBe(
      'Java 17 and Maven not found: installing default-jre-headless and maven with apt-get ...\nready\nready\n',
    );
    expect(readFileSync(join(dir, 'asked'), 'utf8')).toBe(
      'update\ninstall --yes --no-install-recommends default-jre-headless maven\n',
    );
  });

  it.each([
    ['the user is not root', 1000, putAptGet],
    ['there is no apt-get', 0, () => {}],
  ])('end the start with the three ways out where %s', (_, uid, prepare) => {
    prepare();
    const said = ensure(uid);
    expect(said).toMatch(/^Java 17 and Maven not found\./);
    for (const way of ['install Java 17', 'KAFKA_BROKERS and MYSQL_URL', 'docker compose up'])
      expect(said).toContain(way);
  });

  it('count as missing when Java is too old', () => {
    put('java', fakeJava('11.0.2'));
    put('mvn', '#!/bin/sh\n');
    expect(ensure(1000)).toMatch(/^Java 17 not found\./);
  });
});
