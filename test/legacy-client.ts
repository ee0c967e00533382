import { setTimeout as pause } from 'node:timers/promises';

/** A client of the FastAPI system that CASTAD replaces, in that system's words: it knows nothing of /v1. */
export class LegacyClient {
  constructor(private readonly server: string) {}

  async makeProject(store_name: string, region: string): Promise<string> {
    const { task_id } = await this.post<{ task_id: string }>('/project', { store_name, region, language: 'Korean' });
    return task_id;
  }

  async uploadImages(task_id: string, ...files: Buffer[]): Promise<{ img_url: string; img_order: number }[]> {
    const form = new FormData();
    form.append('task_id', task_id);
    files.forEach((file, i) => form.append('images', new Blob([new Uint8Array(file)]), `${i}.jpg`));
    const response = await fetch(`${this.server}/project/image`, { method: 'POST', body: form });
    return (await read<{ images: { img_url: string; img_order: number }[] }>(response)).images;
  }

  async writeLyric(task_id: string, language = 'Korean'): Promise<string> {
    await this.post('/lyric/generate', { task_id, language });
    return (await this.finished<{ lyric_result: string }>(`/lyric/status/${task_id}`)).lyric_result;
  }

  async makeSong(task_id: string): Promise<string> {
    await this.get(`/song/generate/${task_id}`);
    return (await this.finished<{ song_result_url: string }>(`/song/status/${task_id}`)).song_result_url;
  }

  async orderVideo(task_id: string): Promise<string> {
    return (await this.get<{ render_id: string }>(`/video/generate/${task_id}`)).render_id;
  }

  async waitForVideo(render_id: string): Promise<void> {
    await this.finished(`/video/status/${render_id}`);
  }

  async download(task_id: string): Promise<{ status: string; result_movie_url: string | null }> {
    return this.get(`/video/download/${task_id}`);
  }

  async get<T>(path: string): Promise<T> {
    return read<T>(await fetch(this.server + path));
  }

  private async post<T>(path: string, body: object): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    return read<T>(await fetch(this.server + path, { method: 'POST', headers, body: JSON.stringify(body) }));
  }

  /** Polls, as the former system had its clients do. */
  private async finished<T>(path: string): Promise<T> {
    for (;;) {
      const answer = await this.get<T & { status: string; error_message: string | null }>(path);
      if (answer.status === 'completed') return answer;
      if (answer.status === 'failed') throw new Error(answer.error_message ?? 'failed');
      await pause(100);
    }
  }
}

async function read<T>(response: Response): Promise<T> {
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${text}`);
  return JSON.parse(text) as T;
}
