import { isObject, type Json } from '../../stand-in/call.ts';
import { seconds } from './lengths.ts';

/** An element with its place in the time of the whole film. */
export interface Timed {
  element: Json;
  start: number;
  end: number;
  /** Whether something was there before it on its track, from which it can be a transition. */
  isFollowing: boolean;
  children: Timed[];
}

const emptySeconds = 5;

/** Seconds of a script: as stated, or until the last element ends. */
export function lengthOf(script: Json): number {
  const stated = seconds(script.duration);
  if (stated !== undefined) return stated;
  const ends = place(childrenOf(script), 0, undefined).map(({ end }) => end);
  return Math.max(0, ...ends) || emptySeconds;
}

/** All elements in the order they are drawn: by track, and within a track as they are written. */
export function timeline(script: Json): Timed[] {
  return place(childrenOf(script), 0, lengthOf(script));
}

function place(elements: Json[], origin: number, whole: number | undefined): Timed[] {
  const placed = tracksOf(elements).flatMap(track => follow(track, origin, whole));
  return placed.map(({ element, start, end, isFollowing }) => ({
    element,
    start,
    end,
    isFollowing,
    children: element.type === 'composition' ? place(childrenOf(element), start, end - start) : [],
  }));
}

/** Elements of one track follow one another unless they say when they begin. */
function follow(track: Json[], origin: number, whole: number | undefined): Omit<Timed, 'children'>[] {
  let at = 0;
  const placed = track.map((element, index) => {
    const stated = seconds(element.time);
    const start = stated ?? Math.max(0, at - (index > 0 ? transitionSeconds(element) : 0));
    at = start + durationOf(element, start, nextStart(track[index + 1]), whole);
    return { element, start, end: at };
  });
  return placed.map(({ element, start, end }, index) => {
    // What comes next is faded in over what was there.
    const next = placed[index + 1];
    const held = next && next.start <= end + 0.001 ? Math.max(end, next.start + transitionSeconds(next.element)) : end;
    const isFollowing = index > 0 && placed[index - 1]!.end >= start - 0.001;
    return { element, start: origin + start, end: origin + Math.min(held, whole ?? held), isFollowing };
  });
}

function durationOf(element: Json, start: number, next: number | undefined, whole: number | undefined): number {
  const stated = seconds(element.duration);
  if (stated !== undefined) return stated;
  if (next !== undefined && next > start) return next - start;
  if (element.type === 'composition' && whole === undefined) return lengthOf(element);
  return whole !== undefined && whole > start ? whole - start : emptySeconds;
}

const nextStart = (next: Json | undefined) => (next ? seconds(next.time) : undefined);

export function childrenOf(parent: Json): Json[] {
  return Array.isArray(parent.elements) ? parent.elements.filter(isObject) : [];
}

export function animationsOf(element: Json): Json[] {
  return Array.isArray(element.animations) ? element.animations.filter(isObject) : [];
}

/** How long an element takes to replace the one before it: at most half of its own time. */
export function transitionSeconds(element: Json): number {
  const stated = seconds(animationsOf(element).find(({ transition }) => transition === true)?.duration) ?? 0;
  return Math.min(stated, (seconds(element.duration) ?? Infinity) / 2);
}

/** Elements without a track have one of their own, above those before them. */
function tracksOf(elements: Json[]): Json[][] {
  const tracks = new Map<number, Json[]>();
  let free = 0;
  for (const element of elements) {
    const number = seconds(element.track) ?? (free += 1);
    free = Math.max(free, number);
    tracks.set(number, [...(tracks.get(number) ?? []), element]);
  }
  return [...tracks].sort(([a], [b]) => a - b).map(([, track]) => track);
}
