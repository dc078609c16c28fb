import type { WantedLines } from '../discovery.ts';

/** The user of the directory as which Lamplighter comes to the event socket. */
export const account = 'lamplighter';

/** What the account may learn of; as config/freeswitch/lamplighter.xml, a test compares them. */
export const allowedEvents =
  'HEARTBEAT,CHANNEL_CREATE,CHANNEL_CALLSTATE,CHANNEL_PROGRESS,CHANNEL_ANSWER,CHANNEL_BRIDGE,CHANNEL_HOLD,CHANNEL_UNHOLD,CALL_UPDATE,CHANNEL_HANGUP_COMPLETE,MESSAGE_WAITING,PHONE_FEATURE,PHONE_FEATURE_SUBSCRIBE,CUSTOM,sofia::register,sofia::unregister,sofia::expire,lamplighter::changed,valet_parking::info,conference::maintenance,callcenter::info';
export const allowedApi = 'db,show,uuid_dump,sofia,user_data,list_users,global_getvar,vm_boxcount,valet_info';

/** What a FreeSWITCH on another host needs, for somebody to paste there. */
export function freeswitchElsewhere(): readonly WantedLines[] {
  return [
    {
      file: `/etc/freeswitch/directory/default/${account}.xml`,
      why: 'an account at the event socket; its listen-ip and apply-inbound-acl must let this host in, nothing is encrypted',
      syntax: 'xml',
      before: null,
      create: true,
      lines: ({ esl, sip }) => accountLines(esl, sip),
    },
  ];
}

/** Its file. `esl`: the password at the event socket; `sip`: that of a phone, which there is none of. */
export function accountLines(esl: string, sip: string): readonly string[] {
  return [
    '<include>',
    `  <user id="${account}">`,
    '    <params>',
    `      <param name="password" value="${sip}"/>`,
    `      <param name="esl-password" value="${esl}"/>`,
    '      <param name="esl-allowed-log" value="false"/>',
    `      <param name="esl-allowed-events" value="${allowedEvents}"/>`,
    `      <param name="esl-allowed-api" value="${allowedApi}"/>`,
    '    </params>',
    '  </user>',
    '</include>',
  ];
}
