import { ZSTD_SUPPORTED } from './request-body.ts';

/**
 * The answer to `GET /info`, from which an SDK decides how to send runs. The size limits are the values that
 * LangSmith returns. The version is the highest that any feature of the JavaScript SDK 0.12.0 requires; the SDK
 * prints a warning for a lower version.
 */
export const SERVER_INFO = {
  version: '0.18.0',
  license_expiration_time: null,
  batch_ingest_config: {
    use_multipart_endpoint: true,
    size_limit: 100,
    size_limit_bytes: 20 * 1024 * 1024,
    scale_up_qsize_trigger: 1000,
    scale_up_nthreads_limit: 16,
    scale_down_nempty_trigger: 4,
  },
  instance_flags: {
    gzip_body_enabled: true,
    zstd_compression_enabled: ZSTD_SUPPORTED,
  },
} as const;
