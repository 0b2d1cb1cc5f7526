/** Whether `npm run test:campaigns` runs the tests, at full size and with libraries that are installed for them. */
export const isCampaign = process.env['TRACE_AGENT_CAMPAIGN'] === 'true';
