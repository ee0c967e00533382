import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

// Outlives the process that started it: when that one is gone, however it went, standard input ends,
// and every process group still on the list is ended too.
const groups = new Set<number>();

for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line);
  if (pid > 0) groups.add(pid);
  else groups.delete(-pid);
}

const signal = (name: NodeJS.Signals | 0) => {
  for (const pid of groups) {
    try {
      process.kill(-pid, name);
    } catch {
      groups.delete(pid);
    }
  }
};

signal('SIGTERM');
for (let waited = 0; groups.size > 0 && waited < 2000; waited += 50) {
  await pause(50);
  signal(0);
}
signal('SIGKILL');
