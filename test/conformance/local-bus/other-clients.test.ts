import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SQS } from '@aws-sdk/client-sqs';
import { startLocalBus } from '@tidings/local';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** A Python that has the SDK: Debian's package python3-boto3, or any other. */
const python = ['/usr/bin/python3', 'python3'].find((program) => {
  try {
    execFileSync(program, ['-c', 'import boto3'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

test.skipIf(python === undefined)(
  'boto3: every operation, paging and errors (skipped where python3-boto3 is not installed)',
  async () => {
    const bus = await startLocalBus();
    try {
      const { stdout } = await run(python ?? '', [here('conformance.py'), bus.url]);
      expect(stdout).toMatch(/\ndone\n$/);
      expect(bus.logs('/python')).toHaveLength(2);
    } finally {
      await bus.stop();
    }
  },
);

/** The file system mirror of Terraform's own configuration, where it names one. */
function configuredMirror(): string | undefined {
  const file = process.env.TF_CLI_CONFIG_FILE ?? join(homedir(), '.terraformrc');
  if (!existsSync(file)) return undefined;
  return /filesystem_mirror\s*\{[^}]*?path\s*=\s*"([^"]+)"/.exec(readFileSync(file, 'utf8'))?.[1];
}

/** Where a file system mirror with Terraform's AWS provider may be; nothing is downloaded. */
const mirror = [
  process.env.TF_PLUGIN_DIR,
  configuredMirror(),
  join(homedir(), '.terraform.d/plugins'),
  '/usr/share/terraform/plugins',
  '/usr/local/share/terraform/plugins',
].find(
  (folder) =>
    folder !== undefined && existsSync(join(folder, 'registry.terraform.io/hashicorp/aws')),
);

async function queueNames(url: string): Promise<readonly (string | undefined)[]> {
  const sqs = new SQS({
    endpoint: url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const { QueueUrls = [] } = await sqs.listQueues();
  sqs.destroy();
  return QueueUrls.map((each) => each.split('/').at(-1));
}

test.skipIf(mirror === undefined)(
  "Terraform's AWS provider: apply, no changes, destroy (skipped where it is not installed)",
  async () => {
    const bus = await startLocalBus({ region: 'eu-west-1', queues: ['orders-failed'] });
    const cwd = await mkdtemp(join(tmpdir(), 'tidings-terraform-'));
    const terraform = (...args: string[]) =>
      run('terraform', args, { cwd, env: { ...process.env, TF_VAR_endpoint: bus.url } });
    try {
      await cp(here('main.tf'), join(cwd, 'main.tf'));
      await terraform('init', '-input=false', `-plugin-dir=${mirror}`);
      await terraform('apply', '-input=false', '-auto-approve');
      const plan = await terraform('plan', '-input=false', '-detailed-exitcode');
      expect(plan.stdout).toContain('No changes.');
      expect(await queueNames(bus.url)).toEqual(['orders', 'orders-failed', 'orders.fifo']);
      await terraform('destroy', '-input=false', '-auto-approve');
      expect(await queueNames(bus.url)).toEqual(['orders-failed']);
    } finally {
      await rm(cwd, { recursive: true });
      await bus.stop();
    }
  },
  300_000,
);
