/** What the environment tells a stand-in. */
export interface Settings {
  port: number;
  host: string;
  apiKey: string;
  /** Multiplies every delay of the provider's usual profile; 0 answers at once. */
  timeScale: number;
  callbacks: boolean;
  rateLimit: boolean;
  /** Whether a render really asks for every media URL it was given. */
  mediaCheck: boolean;
  credits: number;
  /** Songs and films of their own, or the same tiny ones for everybody. */
  media: 'real' | 'tiny';
}

export const defaults: Settings = {
  port: 0,
  host: '127.0.0.1',
  apiKey: 'sandbox',
  timeScale: 0.02,
  callbacks: true,
  rateLimit: true,
  mediaCheck: true,
  credits: 100_000_000,
  media: 'tiny',
};

export function settingsFrom(environment: NodeJS.ProcessEnv): Settings {
  const number = (name: string, otherwise: number) => {
    const value = Number(environment[name] ?? otherwise);
    if (!(value >= 0)) throw new Error(`${name} must be a number that is not negative`);
    return value;
  };
  const isOn = (name: string) => environment[name] !== 'off';
  return {
    port: number('PORT', defaults.port),
    host: environment.HOST ?? defaults.host,
    apiKey: environment.API_KEY ?? defaults.apiKey,
    timeScale: number('SIM_TIME_SCALE', defaults.timeScale),
    callbacks: isOn('SIM_CALLBACKS'),
    rateLimit: isOn('SIM_RATE_LIMIT'),
    mediaCheck: isOn('SIM_MEDIA_CHECK'),
    credits: number('SIM_CREDITS', defaults.credits),
    media: environment.SIM_MEDIA === 'real' ? 'real' : defaults.media,
  };
}
