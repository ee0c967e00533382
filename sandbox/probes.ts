import { once } from 'node:events';
import { connect } from 'node:net';

/** Whether somebody listens at `host:port`. */
export async function accepts(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`tcp://${address}`);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}

/** Whether a service answers requests and handles messages. */
export async function works(url: string): Promise<boolean> {
  const probes = ['ready', 'consumer'].map(probe => answers(`${url}/health/${probe}`));
  return (await Promise.all(probes)).every(Boolean);
}

/** Whether a GET is answered with 200. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  await response.body?.cancel();
  return response.status === 200;
}
