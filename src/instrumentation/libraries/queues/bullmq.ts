/**
 * BullMQ: a job carries the trace in its option `telemetry.metadata`, which BullMQ stores and gives back with the job.
 * An integration of OpenTelemetry uses the same option, and is left alone: a queue, flow producer or worker whose option
 * `telemetry` the application has set is not patched.
 *
 * - Jobs of a scheduler, and repeated jobs, start traces of their own.
 * - The options of a job stay through retries and delays, so a retry continues the same trace.
 * - A worker, and a `QueueEvents`, runs in no context, because it outlives the one in which it was started.
 *
 * BullMQ 4 to 6, all of which Node.js loads as CommonJS.
 */
import { TRACE_HEADER } from '../../../headers/names.ts';
import { logFailure } from '../../../log.ts';
import type { MessageHeaders } from '../../../messages.ts';
import type { AnyFunction, Binder } from '../binder.ts';
import type { Library } from '../library.ts';
import { handleUnder, readHeaders, tracedHeaders } from './carrier.ts';

interface Class {
  readonly prototype: object;
}
interface JobOptions {
  readonly telemetry?: { readonly metadata?: unknown; readonly omitContext?: unknown };
  /** `telemetry.metadata` as it is stored, by versions of BullMQ that have it. */
  readonly tm?: unknown;
  readonly repeat?: unknown;
}
interface Job {
  readonly opts?: JobOptions | null | undefined;
  readonly repeatJobKey?: unknown;
}
/** The members that a queue, a flow producer and a worker have in part. */
interface Owner {
  readonly opts?: { readonly telemetry?: unknown };
  readonly telemetry?: unknown;
  /** `defaultJobOptions` of a queue. */
  readonly jobsOpts?: JobOptions;
}

function patchQueue({ Queue }: { Queue?: Class }, binder: Binder): void {
  patchSender(Queue?.prototype, 'add', binder, (owner, [name, data, options, ...rest]) => [
    name,
    data,
    traced(owner, options as JobOptions | undefined, binder),
    ...rest,
  ]);
  patchSender(Queue?.prototype, 'addBulk', binder, (owner, [jobs, ...rest]) => [
    Array.isArray(jobs) ? jobs.map((job) => tracedJob(owner, job, binder)) : jobs,
    ...rest,
  ]);
}

function patchFlowProducer({ FlowProducer }: { FlowProducer?: Class }, binder: Binder): void {
  // `add` and `addBulk` call it for each job of a flow.
  patchSender(FlowProducer?.prototype, 'addNode', binder, (owner, [{ node, ...others }, ...rest]) => [
    { ...others, node: tracedJob(owner, node as Job, binder) },
    ...rest,
  ]);
}

/** @param trace returns the arguments with the trace; it may throw for arguments that are not as documented */
function patchSender(
  prototype: object | undefined,
  name: string,
  binder: Binder,
  // biome-ignore lint/suspicious/noExplicitAny: the application's arguments
  trace: (owner: Owner, args: any[]) => unknown[],
): void {
  binder.patch(
    prototype,
    name,
    (original) =>
      function (this: unknown, ...args) {
        return Reflect.apply(
          original,
          this,
          binder.current() === undefined ? args : attempt(trace, this as Owner, args),
        );
      },
  );
}

function attempt(
  trace: (owner: Owner, args: unknown[]) => unknown[],
  owner: Owner,
  args: unknown[],
): unknown[] {
  try {
    return hasTelemetry(owner) ? args : trace(owner, args);
  } catch (error) {
    logFailure('send a job', error);
    return args;
  }
}

function hasTelemetry({ opts, telemetry }: Owner): boolean {
  return Boolean(opts?.telemetry ?? telemetry);
}

function tracedJob(owner: Owner, job: Job, binder: Binder): Job {
  // BullMQ has an error of its own for this.
  if (typeof job !== 'object' || job === null) return job;
  const options = traced(owner, job.opts ?? undefined, binder);
  return options === job.opts ? job : { ...job, opts: options };
}

/** Returns a copy of the options with the trace of the running code, or the options themselves. */
function traced(owner: Owner, options: JobOptions | undefined, binder: Binder): JobOptions | undefined {
  const isRepeated = Boolean(options?.repeat ?? owner.jobsOpts?.repeat);
  const own = options?.telemetry ?? owner.jobsOpts?.telemetry;
  if (isRepeated || own?.omitContext === true) return options;
  // The options of another job may be passed on. The trace in them is that job's, and not the application's own.
  const given = own?.metadata === undefined ? {} : parsed(own.metadata);
  const isOthers = given === undefined || (own?.metadata !== undefined && !(TRACE_HEADER in given));
  if (isOthers) return options;
  const headers = tracedHeaders(given, binder);
  if (headers === given) return options;
  return { ...options, telemetry: { ...own, metadata: JSON.stringify(headers) } };
}

function patchWorker({ Worker }: { Worker?: Class }, binder: Binder): void {
  binder.patchLoop(Worker?.prototype, 'run');
  binder.patch(
    Worker?.prototype,
    'callProcessJob',
    (process) =>
      function (this: unknown, ...args) {
        const handle = () => Reflect.apply(process as AnyFunction, this, args);
        const headers = hasTelemetry(this as Owner) ? undefined : headersOf(Object(args[0]));
        return handleUnder(headers, binder, handle);
      },
  );
}

/** A processor that is the name of a file runs in a child process or a thread, which gets the stored form of the job. */
function patchSandbox({ ChildProcessor }: { ChildProcessor?: Class }, binder: Binder): void {
  binder.patch(
    ChildProcessor?.prototype,
    'start',
    (start) =>
      function (this: unknown, ...args) {
        let started: unknown;
        // `start` does not wait for the processor.
        handleUnder(headersOf(Object(args[0])), binder, () => {
          started = Reflect.apply(start, this, args);
          return (this as { readonly currentJobPromise?: unknown }).currentJobPromise;
        });
        return started;
      },
  );
}

function headersOf({ opts, repeatJobKey }: Job): MessageHeaders | undefined {
  return repeatJobKey ? undefined : readHeaders(parsed(opts?.telemetry?.metadata ?? opts?.tm));
}

/** Returns the values in the metadata of a job; `undefined` if another integration has written it in another form. */
function parsed(metadata: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof metadata !== 'string' || !metadata.startsWith('{')) return undefined;
  try {
    return JSON.parse(metadata);
  } catch {
    return undefined;
  }
}

export const bullmq: Library = {
  name: 'bullmq',
  modules: [
    { file: 'dist/cjs/classes/queue.js', patch: patchQueue },
    { file: 'dist/cjs/classes/flow-producer.js', patch: patchFlowProducer },
    { file: 'dist/cjs/classes/worker.js', patch: patchWorker },
    {
      file: 'dist/cjs/classes/queue-events.js',
      patch: ({ QueueEvents }: { QueueEvents?: Class }, binder) =>
        binder.patchLoop(QueueEvents?.prototype, 'run'),
    },
    { file: 'dist/cjs/classes/child-processor.js', patch: patchSandbox },
  ],
};
