// `node --import @org/trace-agent/register`: the same file as `--require`, so that both together start once.
import './dist/register.cjs';
