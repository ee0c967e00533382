import { Failure } from './failure.ts';

export const providers = ['openai', 'suno', 'creatomate'] as const;
export type Provider = (typeof providers)[number];

const realUrls: Record<Provider, string> = {
  openai: 'https://api.openai.com/v1',
  suno: 'https://api.sunoapi.org',
  creatomate: 'https://api.creatomate.com',
};

const standInTemplates = [
  '9:16=7c1f0a52-9a16-4c1e-8a51-09160916c0de',
  '16:9=7c1f0a52-169a-4c1e-8a51-16091609c0de',
  '1:1=7c1f0a52-11aa-4c1e-8a51-11001100c0de',
].join(',');

export function isGiven(provider: Provider, env: NodeJS.ProcessEnv): boolean {
  const owner = provider.toUpperCase();
  return Boolean(env[`${owner}_API_KEY`] || env[`${owner}_BASE_URL`]);
}

/** The variables of a provider that the environment names. */
export function givenProvider(provider: Provider, env: NodeJS.ProcessEnv): Record<string, string> {
  const owner = provider.toUpperCase();
  const baseUrl = env[`${owner}_BASE_URL`] || realUrls[provider];
  const apiKey = env[`${owner}_API_KEY`] || (provider === 'openai' ? 'none' : undefined);
  if (!apiKey) throw new Failure(`${owner}_BASE_URL is set, ${owner}_API_KEY is not.`, { next: 'set both.' });
  const variables = { [`${owner}_BASE_URL`]: baseUrl, [`${owner}_API_KEY`]: apiKey };
  if (provider !== 'creatomate') return variables;
  if (!env.CREATOMATE_TEMPLATES) {
    throw new Failure('CREATOMATE_API_KEY is set, CREATOMATE_TEMPLATES is not: which templates are yours?', {
      next: 'set CREATOMATE_TEMPLATES=9:16=<template id>,16:9=<template id>,1:1=<template id>.',
    });
  }
  return { ...variables, CREATOMATE_TEMPLATES: env.CREATOMATE_TEMPLATES };
}

/** The variables of a provider's stand-in, whose files lie on this machine. */
export function standIn(provider: Provider, address: string): Record<string, string> {
  const owner = provider.toUpperCase();
  return {
    [`${owner}_BASE_URL`]: provider === 'openai' ? `${address}/v1` : address,
    [`${owner}_API_KEY`]: 'sandbox',
    ...(provider === 'creatomate' && { CREATOMATE_TEMPLATES: standInTemplates }),
    ...(provider !== 'openai' && { FETCH_PRIVATE_HOSTS: new URL(address).hostname }),
  };
}

/** Refuses what cannot work, and returns what works but not as well as it could. */
export function checkCombination(env: NodeJS.ProcessEnv): string[] {
  const isRemote = (provider: Provider) => isGiven(provider, env) && !isLoopback(givenProvider(provider, env));
  if (isRemote('creatomate') && !env.AZURE_STORAGE_CONNECTION_STRING && !env.AZURE_STORAGE_ACCOUNT) {
    throw new Failure('Creatomate cannot reach the photos and songs in the Azurite of this sandbox.', {
      next: 'set AZURE_STORAGE_CONNECTION_STRING or AZURE_STORAGE_ACCOUNT to a storage account on the internet, or leave CREATOMATE_* out.',
    });
  }
  const deaf = (['suno', 'creatomate'] as const).filter(isRemote);
  if (deaf.length === 0 || env.PUBLIC_URL) return [];
  return [
    `PUBLIC_URL is not set: the callbacks of ${deaf.join(' and ')} cannot arrive, so their results are polled for.`,
  ];
}

function isLoopback(variables: Record<string, string>): boolean {
  return Object.entries(variables)
    .filter(([name]) => name.endsWith('_BASE_URL'))
    .every(([, url]) => ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname));
}
